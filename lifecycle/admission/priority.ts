import { isFinal } from '../request-status.ts';

/**
 * Returns the priority of a request in the work queue; 0 comes first. It matters if many are due, as after a restart: running
 * work, applications that wait, and requests with a slot come before requests that only wait or have ended.
 */
export function priorityOf(phase: string | undefined, hasSlot: boolean): number {
  if (isFinal(phase)) return 3;
  if (phase === 'CleaningUp') return 1;
  if (hasSlot) return 0;
  return WAITING.has(phase) ? 2 : 0;
}

/** Phases in which a request waits for a slot or for a time. */
const WAITING: ReadonlySet<string | undefined> = new Set(['Queued', 'Retrying', 'Waiting']);
