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
import type { RepositoryContext } from '../restic-repository/access/repository-context.ts';
import { plainLine } from '../../lifecycle/request/plain-text.ts';
import { readResticLog, type ResticLog } from './restic-log.ts';
import type { PodLog } from '../restic-repository/log/followed-log.ts';

/** Everything that can be observed of one transfer. */
export interface Observation {
  tag: string;
  status: ReplicationStatus | undefined;
  job: Job | undefined;
  /** The newest mover pod. */
  pod: Pod | undefined;
  podLog: PodLog | undefined;
  context: RepositoryContext;
  /** Absent: locks of killed movers cannot be removed. */
  unlocking?: Unlocking;
  left: TimeLeft;
}

/**
 * Returns the milliseconds until `seconds` have passed since `since` and since this process began to watch the transfer. Zero or
 * less if both have passed.
 */
export type TimeLeft = (since: string | undefined, seconds: number) => number;

/** Removal of stale locks: done once per transfer, after a Job has met a lock. */
export interface Unlocking {
  isPossible: boolean;
  /** uid of the Job that met the lock; another Job has run the mover since. */
  lockMetBy?: string;
  /** Time of the removal; later pods of the same Job meet no stale lock. */
  doneAt?: string;
}

/**
 * VolSync's `Error` condition usually disappears within a second (it also reports conflicts on its own Job), so it counts only
 * after this time.
 */
const ERROR_GRACE_SECONDS = 60;

/** A pod's log can arrive after VolSync has reported success. After this time a missing line is considered lost. */
export const LOG_GRACE_SECONDS = 15;

type Waiting = Extract<MoverOutcome<never>, { state: 'InProgress' }>;
type Failure = Extract<MoverOutcome<never>, { state: 'Failed' }>;

export type TransferState =
  | Waiting
  /** `lockMetBy`: the Job met a lock, and stale locks have not been removed yet. */
  | (Failure & { lockMetBy?: string })
  | { state: 'succeeded'; log: ResticLog; finishedAt: string | undefined; logComplete: boolean };

/** Returns the state of a transfer, as its observed objects show it. */
export function observeTransfer(seen: Observation): TransferState {
  if (seen.status?.lastManualSync === seen.tag) return success(seen, seen.status);
  return failureOfPod(seen) ?? errorOf(seen) ?? progressOf(seen);
}

function success({ podLog, pod }: Observation, status: ReplicationStatus): TransferState {
  const kept = status.latestMoverStatus?.logs ?? '';
  return {
    state: 'succeeded',
    log: readResticLog([...linesOf(podLog), ...kept.split('\n')]),
    finishedAt: terminated(pod)?.finishedAt ?? status.lastSyncTime,
    logComplete: isComplete(podLog),
  };
}

function failureOfPod(seen: Observation): TransferState | undefined {
  const { job, pod } = seen;
  const failures = job?.status?.failed ?? 0;
  if (job === undefined || failures === 0 || !hasFailed(pod)) return undefined;
  if (isForgiven(seen)) {
    const since = activity(terminated(pod)?.finishedAt);
    return inProgress('stale locks of the repository are being removed', { started: false, ...since });
  }
  return classifyFailure(seen, job, failures);
}

function classifyFailure(
  { pod, podLog, context, unlocking }: Observation,
  { metadata: { uid = '' } }: Job,
  failures: number,
): TransferState | undefined {
  // The reason of the failure is in the log; wait until the log is complete.
  if (!isComplete(podLog))
    return inProgress("reading the failed mover's log", { started: true, requeueAfterMs: 2000 });
  const diagnosis = diagnose(linesOf(podLog), terminated(pod), context);
  // At the first failure: each further try saves one more snapshot that no record names.
  if (diagnosis.reason === 'RepositoryLocked' && unlocking?.isPossible === true)
    return { ...failed(diagnosis, failures), lockMetBy: uid };
  return failures >= diagnosis.attempts ? failed(diagnosis, failures) : undefined;
}

/** Returns true if the pod failed on a lock that has been removed since; another pod runs the mover again. */
function isForgiven({ job, pod, unlocking }: Observation): boolean {
  const { lockMetBy, doneAt } = unlocking ?? {};
  const created = pod?.metadata.creationTimestamp;
  if (doneAt !== undefined && created !== undefined) return Date.parse(created) <= Date.parse(doneAt);
  return lockMetBy !== undefined && lockMetBy === job?.metadata.uid;
}

/** Returns a wait while a VolSync error is recent, since the mover may still be running; then a failure. */
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
  const line = evidence === undefined ? '' : `; the mover (failed ${times}) reports: ${plainLine(evidence)}`;
  return { state: 'Failed', reason, message: `${message}${line}` };
}

function progressOf(seen: Observation): Waiting {
  const node = seen.pod?.spec.nodeName;
  const waiting = hasRun(seen.pod) ? transferring(seen) : starting(seen);
  return node === undefined ? waiting : { ...waiting, node };
}

function starting({ status, job, pod }: Observation): Waiting {
  // A pod that replaces a failed one has its own start deadline.
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
    ? 'waiting for VolSync to start the transfer'
    : 'VolSync is preparing the transfer';
}

function inProgress(message: string, more: Omit<Waiting, 'state' | 'message'>): Waiting {
  return { state: 'InProgress', message, ...more };
}

function linesOf(podLog: PodLog | undefined): readonly string[] {
  return podLog?.lines ?? [];
}

/** A log that can no longer be read counts as complete. */
function isComplete(podLog: PodLog | undefined): boolean {
  return podLog?.complete !== false;
}
