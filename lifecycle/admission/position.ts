import { FRONT } from './waiting-lines.ts';

/** What the status shows about the wait for a slot. */
export interface Position {
  ahead: number;
  reason: string;
}

/**
 * Returns which position to show, given the one that is shown. Near the head of the line every change is shown. Farther back
 * the old position stays until half of the requests ahead have left: otherwise each end of a request would cost one write per
 * waiting request.
 */
export function positionToShow(shown: Position | undefined, now: Position): Position {
  if (shown === undefined || shown.ahead <= FRONT || now.ahead <= FRONT) return now;
  return now.ahead * 2 > shown.ahead ? shown : now;
}
