import type { Job, Pod } from '../../../api/external/core.ts';
import type { ForgetFacts, MoverOutcome } from '../mover.ts';
import { diagnose } from './diagnosis.ts';
import type { Place } from './place.ts';
import type { PodLog } from './pod-logs.ts';

/** What can be seen of a removal. */
export interface Removal {
  job: Job;
  pod: Pod | undefined;
  podLog: PodLog | undefined;
  place: Place;
}

/** restic says this and ends well when it does not know the snapshot; the wish is fulfilled then too. */
const UNKNOWN_SNAPSHOT = 'no matching ID found';

/** How often restic may fail before the removal has failed. */
const MAX_ATTEMPTS = 3;

/** What a look at the Job that removes a snapshot means. */
export function judgeRemoval(seen: Removal): MoverOutcome<ForgetFacts> {
  const { succeeded = 0, failed = 0 } = seen.job.status ?? {};
  if (succeeded > 0) {
    return {
      state: 'Done',
      facts: { alreadyGone: linesOf(seen).some((line) => line.includes(UNKNOWN_SNAPSHOT)) },
    };
  }
  const phase = seen.pod?.status?.phase;
  if (failed > 0 && phase === 'Failed') return judgeFailure(seen, failed);
  return { state: 'InProgress', started: phase === 'Running', message: describe(seen) };
}

/** While all is well, the kubelet gives a reason to wait and no message. */
function describe({ pod }: Removal): string {
  const waits = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  return waits?.message === undefined
    ? 'restic is removing the snapshot'
    : `restic cannot start: ${waits.reason ?? ''}: ${waits.message}`;
}

function judgeFailure(seen: Removal, failures: number): MoverOutcome<ForgetFacts> {
  // Its log says why it failed; the whole of it is needed to judge.
  if (seen.podLog?.complete === false) {
    return { state: 'InProgress', started: true, message: "reading restic's log", requeueAfterMs: 2000 };
  }
  const end = seen.pod?.status?.containerStatuses?.[0]?.state?.terminated;
  const { reason, message, evidence, attempts } = diagnose(linesOf(seen), end, seen.place);
  if (failures < Math.min(attempts, MAX_ATTEMPTS)) {
    return { state: 'InProgress', started: true, message: `restic failed and tries again: ${message}` };
  }
  const line = evidence === undefined ? '' : `; restic says: ${evidence.trim().slice(0, 300)}`;
  return { state: 'Failed', reason, message: `${message}${line}` };
}

function linesOf({ podLog }: Removal): readonly string[] {
  return podLog?.lines ?? [];
}
