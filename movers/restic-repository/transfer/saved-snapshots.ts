import type { Pod } from '../../../api/kubernetes/core.ts';
import { hasStarted, type PodLog, type PodLogs } from '../log/pod-logs.ts';

/** Whose logs name the snapshots of a backup. */
export interface Savers {
  /** Name of their Job. */
  job: string;
  /** Its pods that are still there. */
  pods: readonly Pod[];
  follow: (pod: Pod) => PodLog;
  /** The snapshots that a pod's lines name. */
  idsIn: (lines: readonly string[]) => readonly string[];
  signal: AbortSignal;
}

/** Who is being stopped may save at the last moment, so its log is read before that, and followed to its end. */
export async function savedSnapshots(podLogs: PodLogs, savers: Savers): Promise<string[]> {
  const { job, pods, follow, idsIn, signal } = savers;
  const unread = pods
    .filter(hasStarted)
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && !follow(pod).complete);
  const read = await Promise.all(unread.map((pod) => podLogs.read(pod, signal)));
  const logs = [...podLogs.ofJob(job).map(({ lines }) => lines), ...read];
  return logs.flatMap(idsIn);
}
