import { JOB_INDEX } from './dependencies.ts';
import { jobs, namespaces, persistentVolumeClaims, pods } from '../../api/kubernetes/core.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { Mover } from '../mover.ts';
import type { MoverDependencies } from '../factory.ts';
import { byJob, endLogsWith, installRepositoryTools, wakeOnChange } from '../restic-repository/install.ts';
import { createVerifier } from '../restic-repository/verification/verify.ts';
import { PRIVILEGED_MOVERS, remedies } from './remedies.ts';
import { createVolSyncMover } from './volsync-mover.ts';

const CREATED_BY_VOLSYNC = { labelSelector: 'app.kubernetes.io/created-by=volsync' };
const PREFIX = /^volsync-(?:src|dst)-/;

/** Watches VolSync's objects in the protected namespace and creates the mover that uses them. */
export function installVolSync(deps: MoverDependencies): Mover {
  const { informers, namespace, wake } = deps;
  const ours = { namespace, labelSelector: labels.requestUid };
  // Optional: the other movers work without VolSync.
  const sources = informers.informer(replicationSources, { ...ours, isOptional: true });
  const destinations = informers.informer(replicationDestinations, { ...ours, isOptional: true });
  const jobInformer = informers.informer(jobs, { namespace, ...CREATED_BY_VOLSYNC });
  const podInformer = informers.informer(pods, {
    namespace,
    ...CREATED_BY_VOLSYNC,
    indexers: { [JOB_INDEX]: byJob },
  });
  const claims = informers.informer(persistentVolumeClaims, { namespace, ...CREATED_BY_VOLSYNC });
  const tools = installRepositoryTools(deps, remedies);
  const { resticRunner } = tools;
  endLogsWith(podInformer, tools.podLogs);
  wakeOnChange(sources, ({ metadata }) => metadata.name, wake);
  wakeOnChange(destinations, ({ metadata }) => metadata.name, wake);
  wakeOnChange(jobInformer, ({ metadata }) => metadata.name.replace(PREFIX, ''), wake);
  wakeOnChange(
    podInformer,
    ({ metadata }) => (metadata.labels?.['job-name'] ?? '').replace(PREFIX, ''),
    wake,
  );
  wakeOnChange(claims, ({ metadata }) => metadata.name.replace(PREFIX, '').replace(/-cache$/, ''), wake);
  const access = { isPrivileged: ({ signal }: { signal: AbortSignal }) => allowsPrivileges(deps, signal) };
  return createVolSyncMover({
    ...deps,
    listers: {
      sources: sources.store,
      destinations: destinations.store,
      jobs: jobInformer.store,
      pods: podInformer.store,
      claims: claims.store,
    },
    ...tools,
    access,
    verifier: createVerifier({ resticRunner, ...access, leavesOutLostAndFound: true }),
  });
}

async function allowsPrivileges(
  { client, namespace }: MoverDependencies,
  signal: AbortSignal,
): Promise<boolean> {
  const home = await client.get(namespaces, { name: namespace }, { signal });
  return home?.metadata.annotations?.[PRIVILEGED_MOVERS] === 'true';
}
