import type { Job, Pod } from '../../../api/external/core.ts';
import type { ReplicationStatus } from '../../../api/external/volsync.ts';
import type { MoverOutcome } from '../mover.ts';
import { diagnose, type Diagnosis, type Place } from './diagnosis.ts';
import { readResticLog, type ResticLog } from './restic-log.ts';
import type { PodLog } from './pod-logs.ts';

/** Everything that can be seen of one transfer. */
export interface Observation {
  tag: string;
  status: ReplicationStatus | undefined;
  job: Job | undefined;
  /** The newest mover pod. */
  pod: Pod | undefined;
  podLog: PodLog | undefined;
  place: Place;
  now: Date;
}

/**
 * VolSync's `Error` condition is usually gone in the next second (it shows conflicts on its own Job, too),
 * so it counts only after it has stood this long.
 */
const ERROR_GRACE_MS = 60_000;

/** A pod's log can lag behind VolSync's word of success; after this long the missing line will not come any more. */
export const LOG_GRACE_MS = 15_000;

export type Verdict =
  | { state: 'succeeded'; log: ResticLog; finishedAt: string | undefined; logComplete: boolean }
  | Extract<MoverOutcome<never>, { state: 'InProgress' | 'Failed' }>;

/** What a look at VolSync's objects means. */
export function judge(seen: Observation): Verdict {
  const { status, tag } = seen;
  if (status?.lastManualSync === tag) {
    return {
      state: 'succeeded',
      log: readResticLog([
        ...(seen.podLog?.lines ?? []),
        ...(status.latestMoverStatus?.logs ?? '').split('\n'),
      ]),
      finishedAt: terminated(seen.pod)?.finishedAt ?? status.lastSyncTime,
      logComplete: seen.podLog?.complete !== false,
    };
  }
  return failureOf(seen) ?? progressOf(seen);
}

function failureOf(seen: Observation): Extract<Verdict, { state: 'Failed' | 'InProgress' }> | undefined {
  const { job, status, now, pod } = seen;
  const failures = job?.status?.failed ?? 0;
  if (failures > 0 && pod?.status?.phase === 'Failed') {
    // Its log says why it failed; wait for the whole of it before judging.
    if (seen.podLog?.complete === false) {
      return {
        state: 'InProgress',
        started: true,
        message: "reading the failed mover's log",
        requeueAfterMs: 2000,
      };
    }
    const diagnosis = diagnose(seen.podLog?.lines ?? [], terminated(pod) ?? {}, seen.place);
    if (failures >= diagnosis.attempts) return failed(diagnosis, failures);
  }
  const error = status?.conditions?.find((c) => c.type === 'Synchronizing' && c.reason === 'Error');
  if (error === undefined) return undefined;
  const stands = now.getTime() - Date.parse(error.lastTransitionTime);
  if (stands < ERROR_GRACE_MS) {
    return {
      state: 'InProgress',
      started: false,
      message: `VolSync reports: ${error.message}`,
      requeueAfterMs: ERROR_GRACE_MS - stands,
    };
  }
  return {
    state: 'Failed',
    reason: 'MoverFailed',
    message: `VolSync reports since ${error.lastTransitionTime}: ${error.message}`,
  };
}

function failed(
  { reason, message, evidence }: Diagnosis,
  attempts: number,
): Extract<Verdict, { state: 'Failed' }> {
  const times = attempts === 1 ? 'once' : `${String(attempts)} times`;
  const line =
    evidence === undefined ? '' : `; the mover (failed ${times}) says: ${evidence.trim().slice(0, 300)}`;
  return { state: 'Failed', reason, message: `${message}${line}` };
}

function progressOf({ status, job, pod, podLog }: Observation): Extract<Verdict, { state: 'InProgress' }> {
  const running =
    terminated(pod) !== undefined || pod?.status?.containerStatuses?.[0]?.state?.running !== undefined;
  if (!running) return { state: 'InProgress', started: false, message: whyNotRunning(status, job, pod) };
  const { progress } = readResticLog(podLog?.lines ?? []);
  return {
    state: 'InProgress',
    started: true,
    message: 'the mover is transferring data',
    ...(progress !== undefined && { progress }),
  };
}

/** In the words of whoever knows: the scheduler, the kubelet, or nobody yet. */
function whyNotRunning(
  status: ReplicationStatus | undefined,
  job: Job | undefined,
  pod: Pod | undefined,
): string {
  const unscheduled = pod?.status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  if (unscheduled !== undefined)
    return `the mover's pod cannot be scheduled: ${unscheduled.message ?? unscheduled.reason ?? ''}`;
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  if (waiting !== undefined)
    return `the mover's pod is starting: ${[waiting.reason, waiting.message].filter(Boolean).join(': ')}`;
  if (pod !== undefined) return "the mover's pod is starting";
  if (job !== undefined) return "waiting for the mover's pod";
  return status === undefined
    ? 'waiting for VolSync to take up the transfer'
    : 'VolSync is preparing the transfer';
}

function terminated(
  pod: Pod | undefined,
): { exitCode: number; reason?: string; finishedAt?: string } | undefined {
  return pod?.status?.containerStatuses?.[0]?.state?.terminated;
}
