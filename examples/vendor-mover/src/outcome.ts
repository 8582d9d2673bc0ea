import type { ContainerStatus, FailureReason, Job, Pod } from 'velero-datamover/api';
import type { MoverOutcome } from 'velero-datamover/mover';

/** Termination message of image/archive.sh after a success. */
export interface Report {
  /** RFC 3339. */
  time: string;
  bytes: number;
  files: number;
  sha256: string;
  /** For a removal: true if there was nothing to remove. */
  alreadyGone?: boolean;
}

/** Returns the outcome that the Job and its newest pod show. They are watched separately, so either may be ahead of the other. */
export function judge(job: Job, pod: Pod | undefined): MoverOutcome<Report> {
  const { succeeded, failed, active } = job.status ?? {};
  const end = stateOf(pod).terminated;
  if (succeeded && end) return readReport(end.message);
  // Pods that the cluster evicted do not count; the Job replaces them.
  if (failed && !active && hasEnded(pod)) return explain(pod);
  return working(pod);
}

type State = NonNullable<ContainerStatus['state']>;

function stateOf(pod: Pod | undefined): State {
  return pod?.status?.containerStatuses?.[0]?.state ?? {};
}

function hasEnded(pod: Pod | undefined): boolean {
  return pod === undefined || pod.status?.phase === 'Failed';
}

function working(pod: Pod | undefined): MoverOutcome<never> {
  const { waiting, running } = stateOf(pod);
  const unschedulable = pod?.status?.conditions?.find(({ reason }) => reason === 'Unschedulable');
  const node = pod?.spec.nodeName;
  return {
    state: 'InProgress',
    started: running !== undefined,
    message: waiting?.message ?? unschedulable?.message ?? 'the archive is on its way',
    ...(node !== undefined && { node }),
  };
}

function readReport(message = ''): MoverOutcome<Report> {
  try {
    return { state: 'Done', facts: JSON.parse(message) as Report };
  } catch {
    return {
      state: 'Failed',
      reason: 'MoverFailed',
      message: `the archive's report is not JSON: ${message}`,
    };
  }
}

/** Messages of rclone, tar and archive.sh, and their reasons. The first match counts. */
const MEANINGS: readonly [RegExp, FailureReason][] = [
  [/AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|Forbidden/, 'PermissionDenied'],
  [/NoSuchBucket|connection refused|no such host|i\/o timeout|tls:|x509:/, 'RepositoryUnreachable'],
  [/there is no backup/, 'RepositoryMissing'],
  [/is damaged/, 'VerificationFailed'],
  [/No space left on device/, 'NoSpace'],
  [/Cannot (open|stat|read)/, 'UnreadableSource'],
];

function explain(pod: Pod | undefined): MoverOutcome<never> {
  const end = stateOf(pod).terminated;
  const log = end?.message ?? pod?.status?.message ?? '';
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const [pattern, reason] = MEANINGS.find(([each]) => each.test(log)) ?? [/$^/, fallback(end)];
  const evidence = lines.find((line) => pattern.test(line)) ?? lines.at(-1) ?? 'it printed nothing';
  return { state: 'Failed', reason, message: `the archive failed: ${evidence.trim().slice(0, 500)}` };
}

function fallback(end: State['terminated']): FailureReason {
  return end?.reason === 'OOMKilled' ? 'OutOfMemory' : 'MoverFailed';
}
