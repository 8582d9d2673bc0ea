import type { Job, Pod } from '../../api/external/core.ts';
import type { MoverOutcome } from '../movers/mover.ts';
import { diagnose } from './diagnosis.ts';
import type { Program } from './repository-job.ts';
import type { Place } from './place.ts';
import { quotable } from './quote.ts';
import type { PodLog } from './pod-logs.ts';

/** What can be seen of a restic of our own at work. */
export interface ResticRun {
  program: Program;
  /** What it is for: `<program> is <doing>`. */
  doing: string;
  job: Job;
  pod: Pod | undefined;
  podLog: PodLog | undefined;
  place: Place;
}

/** What restic has printed. */
export interface ResticOutput {
  lines: readonly string[];
}

/** How often restic may fail before its Job has failed. */
const MAX_ATTEMPTS = 3;

/** What a look at the Job means. */
export function judgeRun(seen: ResticRun): MoverOutcome<ResticOutput> {
  const { succeeded = 0, failed = 0 } = seen.job.status ?? {};
  const hasFailed = failed > 0 && phaseOf(seen) === 'Failed';
  if (succeeded === 0 && !hasFailed) return working(seen);
  // Its log says what it did, or why it failed; the whole of it is needed to judge.
  if (seen.podLog?.complete === false)
    return {
      state: 'InProgress',
      started: true,
      message: `reading ${seen.program}'s log`,
      requeueAfterMs: 2000,
    };
  return succeeded > 0 ? { state: 'Done', facts: { lines: linesOf(seen) } } : judgeFailure(seen, failed);
}

function working(seen: ResticRun): MoverOutcome<never> {
  const lastActivity = seen.podLog?.lastLineAt?.toISOString();
  return {
    state: 'InProgress',
    started: phaseOf(seen) === 'Running',
    message: describe(seen),
    ...(lastActivity !== undefined && { lastActivity }),
  };
}

function phaseOf({ pod }: ResticRun): string | undefined {
  return pod?.status?.phase;
}

/** While all is well, the kubelet gives a reason to wait and no message. */
function describe({ pod, program, doing }: ResticRun): string {
  const waits = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  return waits?.message === undefined
    ? `${program} is ${doing}`
    : `${program} cannot start: ${waits.reason ?? ''}: ${waits.message}`;
}

function judgeFailure(seen: ResticRun, failures: number): MoverOutcome<never> {
  const end = endOf(seen);
  if (seen.program === 'restic' && end?.exitCode === NO_REPOSITORY) return noRepository(seen.place);
  const { reason, message, evidence, attempts } = diagnose(linesOf(seen), end, seen.place);
  if (failures < Math.min(attempts, MAX_ATTEMPTS)) {
    return {
      state: 'InProgress',
      started: true,
      message: `${seen.program} failed and tries again: ${message}`,
    };
  }
  const line = evidence === undefined ? '' : `; ${seen.program} says: ${quotable(evidence)}`;
  return { state: 'Failed', reason, message: `${message}${line}` };
}

/** restic's exit code for it. Its mover makes a repository that is not there; nobody else does. */
const NO_REPOSITORY = 10;

function noRepository({ repository, base }: Place): MoverOutcome<never> {
  const message = `there is no repository ${repository}; check ${base}, unless somebody removed it`;
  return { state: 'Failed', reason: 'RepositoryMissing', message };
}

function endOf({ pod }: ResticRun): { reason?: string; exitCode?: number } | undefined {
  return pod?.status?.containerStatuses?.[0]?.state?.terminated;
}

function linesOf({ podLog }: ResticRun): readonly string[] {
  return podLog?.lines ?? [];
}
