import type { Job, Pod } from '../../../api/kubernetes/core.ts';
import type { MoverOutcome, MoverProgress } from '../../mover.ts';
import { diagnose, type Complaint } from '../log/diagnosis.ts';
import type { Program } from './repository-job.ts';
import type { RepositoryContext } from '../access/repository-context.ts';
import { hasFailed, hasRun, stateOf, terminated, unscheduled } from './mover-pod.ts';
import { plainLine } from '../../../lifecycle/request/plain-text.ts';
import type { PodLog } from '../log/followed-log.ts';
import { complaint } from '../log/script-log.ts';

/** Observed state of a running program of our own. */
export interface ResticRun {
  program: Program;
  /** Its purpose, for `<program> is <doing>`. */
  doing: string;
  job: Job;
  pod: Pod | undefined;
  podLog: PodLog | undefined;
  context: RepositoryContext;
  /** Returns the progress. Absent: the command moves no data. */
  progress?: (lines: readonly string[]) => MoverProgress | undefined;
  /** Returns the lines that describe errors. Default: all lines. */
  complaints?: (lines: readonly string[]) => readonly Complaint[];
  /** Returns true if the lines prove success although the exit code is not 0. */
  isGood?: (lines: readonly string[]) => boolean;
}

/** The output of restic. */
export interface ResticOutput {
  lines: readonly string[];
}

/** How many pods may fail before the Job has failed. */
const MAX_ATTEMPTS = 3;

/** Returns the outcome that the Job, its pod and its log show. */
export function observeRun(seen: ResticRun): MoverOutcome<ResticOutput> {
  if (!isOver(seen)) return working(seen);
  // The log contains the result or the reason of a failure; wait until it is complete.
  if (seen.podLog?.complete === false)
    return {
      state: 'InProgress',
      started: true,
      message: `reading ${seen.program}'s log`,
      requeueAfterMs: 2000,
    };
  return endedWell(seen) ? { state: 'Done', facts: { lines: linesOf(seen) } } : classifyFailure(seen);
}

function isOver(seen: ResticRun): boolean {
  const { job, pod } = seen;
  return hasSucceeded(seen) || ((job.status?.failed ?? 0) > 0 && hasFailed(pod));
}

/** True if the exit code is 0, or if the log proves success. */
function endedWell(seen: ResticRun): boolean {
  return hasSucceeded(seen) || seen.isGood?.(linesOf(seen)) === true;
}

/** The kubelet reports the end first, the Job controller about a second later; the pod may be deleted by then. */
function hasSucceeded({ job, pod }: ResticRun): boolean {
  return terminated(pod)?.exitCode === 0 || (job.status?.succeeded ?? 0) > 0;
}

type Waiting = Extract<MoverOutcome<never>, { state: 'InProgress' }>;

function working(seen: ResticRun): Waiting {
  const { pod } = seen;
  const node = pod?.spec.nodeName;
  const waiting = hasRun(pod) ? atWork(seen) : starting(seen);
  return node === undefined ? waiting : { ...waiting, node };
}

function starting({ job, pod, program, doing }: ResticRun): Waiting {
  // A pod that replaces a failed one has its own start deadline.
  const lastActivity = pod?.metadata.creationTimestamp ?? job.metadata.creationTimestamp;
  const homeless = unscheduled(pod);
  return {
    state: 'InProgress',
    started: false,
    message: homeless ?? startProblem(pod, program) ?? `${program} is ${doing}`,
    ...(homeless !== undefined && { reason: 'Unschedulable' as const }),
    ...(lastActivity !== undefined && { lastActivity }),
  };
}

function startProblem(pod: Pod | undefined, program: Program): string | undefined {
  const { message, reason = '' } = stateOf(pod)?.waiting ?? {};
  return message === undefined ? undefined : `${program} cannot start: ${reason}: ${message}`;
}

function atWork(seen: ResticRun): Waiting {
  const lastActivity = lastSign(seen);
  const moved = seen.progress?.(linesOf(seen));
  return {
    state: 'InProgress',
    started: true,
    message: `${seen.program} is ${seen.doing}`,
    ...(lastActivity !== undefined && { lastActivity }),
    ...(moved !== undefined && { progress: moved }),
  };
}

function lastSign({ pod, podLog }: ResticRun): string | undefined {
  return podLog?.movedAt?.toISOString() ?? stateOf(pod)?.running?.startedAt;
}

function classifyFailure(seen: ResticRun): MoverOutcome<never> {
  const failures = failuresOf(seen);
  const end = terminated(seen.pod);
  const lines = linesOf(seen);
  const complaints = seen.complaints?.(lines) ?? lines.map((line) => complaint(line) ?? line);
  const { reason, message, evidence, attempts } = diagnose(complaints, end, seen.context);
  const isMissing = seen.program === 'restic' && end?.exitCode === NO_REPOSITORY;
  // A more specific reason than MoverFailed explains why there is no repository.
  if (isMissing && reason === 'MoverFailed') return noRepository(seen.context);
  if (failures < Math.min(attempts, MAX_ATTEMPTS) && !hasGivenUp(seen.job)) {
    return {
      state: 'InProgress',
      started: true,
      message: `${seen.program} failed and tries again: ${message}`,
    };
  }
  const line = evidence === undefined ? '' : `; ${seen.program} reports: ${plainLine(evidence)}`;
  return { state: 'Failed', reason, message: `${message}${line}` };
}

/** restic's exit code for it. Only a backup creates a missing repository. */
const NO_REPOSITORY = 10;

function noRepository({ repository, base }: RepositoryContext): MoverOutcome<never> {
  const message = `repository ${repository} does not exist; check ${base}, unless it was removed on purpose`;
  return { state: 'Failed', reason: 'RepositoryMissing', message };
}

function failuresOf({ job }: ResticRun): number {
  return job.status?.failed ?? 0;
}

/** Returns true if the Job creates no more pods. */
function hasGivenUp({ status }: Job): boolean {
  return (
    status?.conditions?.some(({ type, status: holds }) => type === 'Failed' && holds === 'True') === true
  );
}

function linesOf({ podLog }: ResticRun): readonly string[] {
  return podLog?.lines ?? [];
}
