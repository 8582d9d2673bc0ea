import type { Job, Pod } from '../../api/kubernetes/core.ts';
import type { ReplicationStatus } from '../../api/volsync/v1alpha1.ts';
import {
  hasFailed,
  hasRun,
  stateOf,
  stillStarting,
  terminated,
  unscheduled,
} from '../restic-repository/job/mover-pod.ts';
import type { MoverOutcome } from '../mover.ts';
import { diagnose, type Diagnosis } from '../restic-repository/log/diagnosis.ts';
import type { Place } from '../restic-repository/access/repository-context.ts';
import { plainLine } from '../../lifecycle/request/plain-text.ts';
import { readResticLog, type ResticLog } from './restic-log.ts';
import type { PodLog } from '../restic-repository/log/pod-logs.ts';

/** Everything that can be seen of one transfer. */
export interface Observation {
  tag: string;
  status: ReplicationStatus | undefined;
  job: Job | undefined;
  /** The newest mover pod. */
  pod: Pod | undefined;
  podLog: PodLog | undefined;
  place: Place;
  /** Where a killed mover's lock can be removed. */
  unlocking?: Unlocking;
  left: TimeLeft;
}

/**
 * Milliseconds until something that began then has lasted so long, and this process has watched the transfer that long too; zero
 * or less: it has.
 */
export type TimeLeft = (since: string | undefined, seconds: number) => number;

/** What has been done about stale locks: once per transfer they are removed, after a Job has met one. */
export interface Unlocking {
  isPossible: boolean;
  /** uid of the Job because of which it was done, where another Job runs the mover since. */
  lockMetBy?: string;
  /** Since when the same Job's pods find none. */
  doneAt?: string;
}

/**
 * VolSync's `Error` condition is usually gone in the next second (it shows conflicts on its own Job, too),
 * so it counts only after it has stood this long.
 */
const ERROR_GRACE_SECONDS = 60;

/** A pod's log can lag behind VolSync's word of success; after this long the missing line will not come any more. */
export const LOG_GRACE_SECONDS = 15;

type Waiting = Extract<MoverOutcome<never>, { state: 'InProgress' }>;
type Failure = Extract<MoverOutcome<never>, { state: 'Failed' }>;

export type Verdict =
  | Waiting
  /** `lockMetBy`: the Job met a lock, and nothing has been done about stale ones yet. */
  | (Failure & { lockMetBy?: string })
  | { state: 'succeeded'; log: ResticLog; finishedAt: string | undefined; logComplete: boolean };

/** What a look at VolSync's objects means. */
export function judge(seen: Observation): Verdict {
  if (seen.status?.lastManualSync === seen.tag) return success(seen, seen.status);
  return failureOfPod(seen) ?? errorOf(seen) ?? progressOf(seen);
}

function success({ podLog, pod }: Observation, status: ReplicationStatus): Verdict {
  const kept = status.latestMoverStatus?.logs ?? '';
  return {
    state: 'succeeded',
    log: readResticLog([...linesOf(podLog), ...kept.split('\n')]),
    finishedAt: terminated(pod)?.finishedAt ?? status.lastSyncTime,
    logComplete: isComplete(podLog),
  };
}

function failureOfPod(seen: Observation): Verdict | undefined {
  const { job, pod } = seen;
  const failures = job?.status?.failed ?? 0;
  if (job === undefined || failures === 0 || !hasFailed(pod)) return undefined;
  if (isForgiven(seen)) {
    const since = activity(terminated(pod)?.finishedAt);
    return inProgress('stale locks of the repository are being removed', { started: false, ...since });
  }
  return judgeFailure(seen, job, failures);
}

function judgeFailure(
  { pod, podLog, place, unlocking }: Observation,
  { metadata: { uid = '' } }: Job,
  failures: number,
): Verdict | undefined {
  // Its log says why it failed; the whole of it is needed to judge.
  if (!isComplete(podLog))
    return inProgress("reading the failed mover's log", { started: true, requeueAfterMs: 2000 });
  const diagnosis = diagnose(linesOf(podLog), terminated(pod), place);
  // At once: each further try saves one more snapshot that no record names.
  if (diagnosis.reason === 'RepositoryLocked' && unlocking?.isPossible === true)
    return { ...failed(diagnosis, failures), lockMetBy: uid };
  return failures >= diagnosis.attempts ? failed(diagnosis, failures) : undefined;
}

/** What that pod met has been dealt with; the mover runs again in another one. */
function isForgiven({ job, pod, unlocking }: Observation): boolean {
  const { lockMetBy, doneAt } = unlocking ?? {};
  const created = pod?.metadata.creationTimestamp;
  if (doneAt !== undefined && created !== undefined) return Date.parse(created) <= Date.parse(doneAt);
  return lockMetBy !== undefined && lockMetBy === job?.metadata.uid;
}

/** An error that has just come changes nothing about what the mover does meanwhile. */
function errorOf(seen: Observation): Waiting | Failure | undefined {
  const error = seen.status?.conditions?.find((c) => c.type === 'Synchronizing' && c.reason === 'Error');
  if (error === undefined) return undefined;
  const { message, lastTransitionTime } = error;
  const left = seen.left(lastTransitionTime, ERROR_GRACE_SECONDS);
  if (left > 0) return { ...progressOf(seen), message: `VolSync reports: ${message}`, requeueAfterMs: left };
  return {
    state: 'Failed',
    reason: 'MoverFailed',
    message: `VolSync reports since ${lastTransitionTime}: ${message}`,
  };
}

function failed({ reason, message, evidence }: Diagnosis, attempts: number): Failure {
  const times = attempts === 1 ? 'once' : `${String(attempts)} times`;
  const line = evidence === undefined ? '' : `; the mover (failed ${times}) says: ${plainLine(evidence)}`;
  return { state: 'Failed', reason, message: `${message}${line}` };
}

function progressOf(seen: Observation): Waiting {
  const node = seen.pod?.spec.nodeName;
  const waiting = hasRun(seen.pod) ? transferring(seen) : starting(seen);
  return node === undefined ? waiting : { ...waiting, node };
}

function starting({ status, job, pod }: Observation): Waiting {
  // A pod that replaces a failed one has its own time to start.
  const since = activity(pod?.metadata.creationTimestamp);
  const homeless = unscheduled(pod);
  if (homeless !== undefined)
    return inProgress(homeless, { started: false, reason: 'Unschedulable', ...since });
  return inProgress(stillStarting(pod) ?? notMade(job, status), { started: false, ...since });
}

function transferring({ pod, podLog }: Observation): Waiting {
  const { progress } = readResticLog(linesOf(podLog));
  return inProgress('the mover is transferring data', {
    started: true,
    ...activity(podLog?.movedAt?.toISOString() ?? stateOf(pod)?.running?.startedAt),
    ...(progress !== undefined && { progress }),
  });
}

function activity(lastActivity: string | undefined): { lastActivity?: string } {
  return lastActivity === undefined ? {} : { lastActivity };
}

function notMade(job: Job | undefined, status: ReplicationStatus | undefined): string {
  if (job !== undefined) return "waiting for the mover's pod";
  return status === undefined
    ? 'waiting for VolSync to take up the transfer'
    : 'VolSync is preparing the transfer';
}

function inProgress(message: string, more: Omit<Waiting, 'state' | 'message'>): Waiting {
  return { state: 'InProgress', message, ...more };
}

function linesOf(podLog: PodLog | undefined): readonly string[] {
  return podLog?.lines ?? [];
}

/** A log that nobody can read any more is as complete as it will ever be. */
function isComplete(podLog: PodLog | undefined): boolean {
  return podLog?.complete !== false;
}
