import type { Pod } from '../../../api/kubernetes/core.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { isNotFound } from '../../../kube/client/kube-error.ts';
import type { Clock } from '../../../kube/runtime/clock.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { containerOf, FollowedLog, type PodLog } from './followed-log.ts';

/**
 * Follows the logs of mover pods: one stream per running pod, no polling. Only the logs contain restic's progress and the reason
 * of a failure.
 */
export interface PodLogs {
  /** Returns what has been read, and starts to follow the log if that has not started. */
  of(pod: Pod, onLine: () => void): PodLog;
  /** Returns what has been read from all pods of a Job, deleted ones included. */
  ofJob(job: string): readonly PodLog[];
  /** Returns what a pod has printed so far; nothing if it was deleted. */
  read(pod: Pod, signal: AbortSignal): Promise<readonly string[]>;
  /** Reports that a pod was deleted. Output that does not arrive soon is considered lost, for example with its node. */
  gone(uid: string): void;
  /** Ends the streams of a Job's pods and drops their lines. */
  drop(job: string): void;
}

export function createPodLogs(client: KubeClient, log: Logger, clock: Clock): PodLogs {
  const followed = new Map<string, FollowedLog>();

  const logsOf = (job: string): FollowedLog[] =>
    [...followed.values()].filter(({ pod }) => jobNameOf(pod) === job);

  return {
    of(pod, onLine) {
      const uid = pod.metadata.uid ?? '';
      const known = followed.get(uid);
      if (known !== undefined) {
        known.update(pod);
        return known;
      }
      const podLog = new FollowedLog({ client, log, clock }, pod, onLine);
      // Before the container has started there is no log.
      if (!hasStarted(pod)) return podLog;
      followed.set(uid, podLog);
      void podLog.follow();
      return podLog;
    },

    ofJob: (job) => logsOf(job),

    gone: (uid) => followed.get(uid)?.expire(),

    async read(pod, signal) {
      try {
        return await Array.fromAsync(client.podLog(keyOf(pod), { signal, ...containerOf(pod) }));
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    },

    drop(job) {
      for (const podLog of logsOf(job)) {
        podLog.stop();
        followed.delete(podLog.pod.metadata.uid ?? '');
      }
    },
  };
}

function jobNameOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.['job-name'];
}

/** Returns true if the container has started; before that it has no log. */
export function hasStarted(pod: Pod): boolean {
  const state = pod.status?.containerStatuses?.[0]?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}
