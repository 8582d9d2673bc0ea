import { jobs, pods, type Job, type Pod } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { childNameIn } from '../../api/datamover/v1alpha1/names.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import type { MoverDependencies } from '../factory.ts';
import { createCredentials, type Credentials } from './access/credentials.ts';
import type { Remedies } from './access/repository-context.ts';
import { createPodLogs, type PodLogs } from './log/pod-logs.ts';
import { createCredentialRotation, type CredentialRotation } from './access/credential-rotation.ts';
import { createResticRunner, OWN_JOB_INDEX, type ResticRunner } from './job/runner.ts';

/** Tools common to all movers with restic repositories. */
export interface RepositoryTools {
  credentials: Credentials;
  podLogs: PodLogs;
  resticRunner: ResticRunner;
  rotation: CredentialRotation;
  ownJobs: Informer<Job>;
  ownPods: Informer<Pod>;
}

/** Watches our own Jobs in the protected namespace. Movers share the watches; each has its own logs and remedies. */
export function installRepositoryTools(deps: MoverDependencies, remedies: Remedies): RepositoryTools {
  const { client, informers, namespace, wake } = deps;
  const ours = { namespace, labelSelector: labels.requestUid };
  const ownJobs = informers.informer(jobs, ours);
  const ownPods = informers.informer(pods, { ...ours, indexers: { [OWN_JOB_INDEX]: byJob } });
  const podLogs = createPodLogs(client, deps.log, deps.clock);
  endLogsWith(ownPods, podLogs);
  const credentials = createCredentials(client, namespace, remedies, deps.reach);
  wakeOnChange(ownJobs, ({ metadata }) => childOf(metadata.name), wake);
  wakeOnChange(ownPods, ({ metadata }) => childOf(metadata.labels?.['job-name']), wake);
  return {
    credentials,
    podLogs,
    ownJobs,
    ownPods,
    resticRunner: createResticRunner({
      ...deps,
      jobs: ownJobs.store,
      pods: ownPods.store,
      podLogs,
      credentials,
    }),
    rotation: createCredentialRotation({ ...deps, credentials }),
  };
}

/** Indexes pods by the Job that created them. */
export function byJob({ metadata }: Pod): string[] {
  return [`${metadata.namespace ?? ''}/${metadata.labels?.['job-name'] ?? ''}`];
}

/** Ends the log of a pod when the pod was deleted. */
export function endLogsWith(informer: Informer<Pod>, podLogs: PodLogs): void {
  informer.onChange((before, after) => {
    if (after === undefined) podLogs.gone(before?.metadata.uid ?? '');
  });
}

export function wakeOnChange<T extends Resource>(
  informer: Informer<T>,
  childOfObject: (object: T) => string,
  wake: (child: string) => void,
): void {
  informer.onChange((before, after) => {
    const object = after ?? before;
    if (object !== undefined) wake(childOfObject(object));
  });
}

/**
 * Returns the name of the request's children for the name of a Job. A request may have several Jobs, and all but one have a
 * suffix.
 */
function childOf(job = ''): string {
  return childNameIn(job) ?? job;
}
