import { jobs, namespaces, persistentVolumeClaims, pods } from '../../../api/external/core.ts';
import { replicationDestinations, replicationSources } from '../../../api/external/volsync.ts';
import { labels } from '../../../api/v1alpha1/keys.ts';
import { childNameIn } from '../../../api/v1alpha1/names.ts';
import type { Resource } from '../../../api/meta.ts';
import type { Informer } from '../../../kube/cache/informer-set.ts';
import type { Mover } from '../mover.ts';
import type { MoverDependencies } from '../factory.ts';
import { createCredentials } from '../../restic-repository/credentials.ts';
import { createResticRunner, OWN_JOB_INDEX } from '../../restic-repository/restic-runner.ts';
import { createPodLogs } from '../../restic-repository/pod-logs.ts';
import { createRenewal } from '../../restic-repository/renewal.ts';
import { createVerifier } from '../../restic-repository/verifier.ts';
import { PRIVILEGED_MOVERS, remedies } from './remedies.ts';
import { createVolSyncMover, JOB_INDEX } from './volsync-mover.ts';

const CREATED_BY_VOLSYNC = { labelSelector: 'app.kubernetes.io/created-by=volsync' };
const PREFIX = /^volsync-(?:src|dst)-/;

/** Watches VolSync's objects in the protected namespace and gives the mover that drives them. */
export function installVolSync(deps: MoverDependencies): Mover {
  const { informers, namespace, wake } = deps;
  const ours = { namespace, labelSelector: labels.requestUid };
  const sources = informers.informer(replicationSources, ours);
  const destinations = informers.informer(replicationDestinations, ours);
  const jobMirror = informers.informer(jobs, { namespace, ...CREATED_BY_VOLSYNC });
  const podMirror = informers.informer(pods, {
    namespace,
    ...CREATED_BY_VOLSYNC,
    indexers: {
      [JOB_INDEX]: ({ metadata }) => [`${metadata.namespace ?? ''}/${metadata.labels?.['job-name'] ?? ''}`],
    },
  });
  const claims = informers.informer(persistentVolumeClaims, { namespace, ...CREATED_BY_VOLSYNC });
  const ownJobs = informers.informer(jobs, ours);
  const ownPods = informers.informer(pods, {
    ...ours,
    indexers: {
      [OWN_JOB_INDEX]: ({ metadata }) => [
        `${metadata.namespace ?? ''}/${metadata.labels?.['job-name'] ?? ''}`,
      ],
    },
  });
  const podLogs = createPodLogs(deps.client, deps.log, deps.clock);
  for (const mirror of [podMirror, ownPods]) {
    mirror.onChange((before, after) => {
      if (after === undefined) podLogs.gone(before?.metadata.uid ?? '');
    });
  }
  const credentials = createCredentials(deps.client, namespace, remedies, deps.reach);
  const resticRunner = createResticRunner({
    ...deps,
    jobs: ownJobs.store,
    pods: ownPods.store,
    podLogs,
    credentials,
  });
  wakeOn(ownJobs, ({ metadata }) => childOf(metadata.name), wake);
  wakeOn(ownPods, ({ metadata }) => childOf(metadata.labels?.['job-name']), wake);
  wakeOn(sources, ({ metadata }) => metadata.name, wake);
  wakeOn(destinations, ({ metadata }) => metadata.name, wake);
  wakeOn(jobMirror, ({ metadata }) => metadata.name.replace(PREFIX, ''), wake);
  wakeOn(podMirror, ({ metadata }) => (metadata.labels?.['job-name'] ?? '').replace(PREFIX, ''), wake);
  wakeOn(claims, ({ metadata }) => metadata.name.replace(PREFIX, '').replace(/-cache$/, ''), wake);
  return createVolSyncMover({
    ...deps,
    listers: {
      sources: sources.store,
      destinations: destinations.store,
      jobs: jobMirror.store,
      pods: podMirror.store,
      claims: claims.store,
    },
    podLogs,
    credentials,
    resticRunner,
    verifier: createVerifier({ resticRunner, isPrivileged: ({ signal }) => allowsPrivileges(deps, signal) }),
    renewal: createRenewal({ ...deps, credentials }),
  });
}

async function allowsPrivileges(
  { client, namespace }: MoverDependencies,
  signal: AbortSignal,
): Promise<boolean> {
  const home = await client.get(namespaces, { name: namespace }, { signal });
  return home?.metadata.annotations?.[PRIVILEGED_MOVERS] === 'true';
}

/** Of two Jobs of our own for one request, one has more than the request's name. */
function childOf(job = ''): string {
  return childNameIn(job) ?? job;
}

function wakeOn<T extends Resource>(
  informer: Informer<T>,
  childOf: (object: T) => string,
  wake: (child: string) => void,
): void {
  informer.onChange((before, after) => {
    const object = after ?? before;
    if (object !== undefined) wake(childOf(object));
  });
}
