import { isFinal } from '../request/request-type.ts';

/**
 * Which requests are looked at first when many are due, as after a restart; 0 before 1. A transfer that runs, an application that waits
 * for its snapshot, and a request that may begin come before what only waits or is over.
 */
export function priorityOf(phase: string | undefined, hasPlace: boolean): number {
  if (isFinal(phase)) return 3;
  if (phase === 'CleaningUp') return 1;
  if (hasPlace) return 0;
  return WAITING.has(phase) ? 2 : 0;
}

/** Phases in which a request waits for a place or for a time. */
const WAITING: ReadonlySet<string | undefined> = new Set(['Queued', 'Retrying', 'Waiting']);
