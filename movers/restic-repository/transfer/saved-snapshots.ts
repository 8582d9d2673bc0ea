import type { Pod } from '../../../api/kubernetes/core.ts';
import type { PodLog } from '../log/followed-log.ts';
import { hasStarted, type PodLogs } from '../log/pod-logs.ts';

/** Sources of the logs that name the snapshots of a backup. */
export interface Savers {
  /** Name of the Job. */
  job: string;
  /** Pods of the Job that still exist. */
  pods: readonly Pod[];
  follow: (pod: Pod) => PodLog;
  /** Returns the snapshots that the lines of a pod name. */
  idsIn: (lines: readonly string[]) => readonly string[];
  signal: AbortSignal;
}

/**
 * Returns the ids of the snapshots that a backup has saved. A pod may save one while it is being stopped, so the log is read
 * before that and followed to its end.
 */
export async function savedSnapshots(podLogs: PodLogs, savers: Savers): Promise<string[]> {
  const { job, pods, follow, idsIn, signal } = savers;
  const unread = pods
    .filter(hasStarted)
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && !follow(pod).complete);
  const read = await Promise.all(unread.map((pod) => podLogs.read(pod, signal)));
  const logs = [...podLogs.ofJob(job).map(({ lines }) => lines), ...read];
  return logs.flatMap(idsIn);
}
