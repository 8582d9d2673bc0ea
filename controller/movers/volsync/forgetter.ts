import { jobs, secrets, type Job, type Pod } from '../../../api/external/core.ts';
import { desiredForgetJob } from '../../repository/forget-job.ts';
import type { Lister } from '../../environment.ts';
import { requestUidOf } from '../../request/children.ts';
import { nameOf, type Cleaner } from '../../request/cleaner.ts';
import type { Creator } from '../../request/creation.ts';
import type { ForgetFacts, ForgetRequest, MoverOutcome, MoverTarget } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';
import { desiredSecret, locationOf, withLocation } from './desired.ts';
import { judgeRemoval } from './forget.ts';
import { newestPod } from './newest-pod.ts';
import type { PodLogs } from './pod-logs.ts';
import type { Credentials } from './credentials.ts';

/** Index of our own pods by the Job that made them. */
export const OWN_JOB_INDEX = 'own-job';

export interface ForgetterDependencies {
  namespace: string;
  /** Only those that carry our request label. */
  jobs: Lister<Job>;
  /** Only those that carry our request label; indexed by {@link OWN_JOB_INDEX}. */
  pods: Lister<Pod>;
  podLogs: PodLogs;
  creator: Creator;
  cleaner: Cleaner;
  credentials: Credentials;
  wake: (child: string) => void;
}

/** Removes snapshots with a restic of our own: VolSync can only keep or forget by age. */
export interface Forgetter {
  forget(request: ForgetRequest<VolSyncConfig>): Promise<MoverOutcome<ForgetFacts>>;
  cleanup(target: MoverTarget & { signal: AbortSignal }): Promise<string[]>;
}

export function createForgetter(deps: ForgetterDependencies): Forgetter {
  const { namespace, creator, cleaner, podLogs } = deps;
  const idOf = ({ name }: MoverTarget): string => `${namespace}/${name}`;

  async function start(request: ForgetRequest<VolSyncConfig>): Promise<MoverOutcome<ForgetFacts>> {
    const { signal, snapshotID, config } = request;
    const found = await deps.credentials.of(request);
    if ('state' in found) return found;
    await request.assertCurrent();
    await creator.createOnce(secrets, desiredSecret(request, namespace, found.data), signal);
    const job = { image: config.resticImage, snapshotID, secretKeys: Object.keys(found.data) };
    const made = desiredForgetJob(request, namespace, job);
    await creator.createOnce(jobs, { ...made, metadata: withLocation(made.metadata, found) }, signal);
    return { state: 'InProgress', started: false, message: 'restic is asked to remove the snapshot' };
  }

  return {
    async forget(request) {
      const job = deps.jobs.get(idOf(request));
      if (job === undefined) return start(request);
      const pod = newestPod(deps.pods.byIndex(OWN_JOB_INDEX, idOf(request)));
      return judgeRemoval({
        job,
        pod,
        podLog: pod && podLogs.of(pod, () => deps.wake(request.name)),
        place: deps.credentials.placeOf(request, locationOf(job)),
      });
    },

    async cleanup(target) {
      const key = { namespace, name: target.name };
      const left = deps.pods.byIndex(OWN_JOB_INDEX, idOf(target));
      for (const pod of left) podLogs.drop(pod.metadata.uid ?? '');
      const objects = await cleaner.remove(
        requestUidOf(target),
        [
          { kind: jobs, key, cached: deps.jobs.get(idOf(target)), propagationPolicy: 'Foreground' },
          { kind: secrets, key, cached: undefined },
        ],
        target.signal,
      );
      return [...objects, ...left.map(nameOf)];
    },
  };
}
