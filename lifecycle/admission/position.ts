import { FRONT } from './waiting-lines.ts';

/** What a request tells of its wait for a place. */
export interface Position {
  ahead: number;
  reason: string;
}

/**
 * What to tell of a position, given what was told before. Near the head of the line every change is told. Farther back the old
 * words stay until half of those ahead are gone: otherwise each end would cost a write per waiting request.
 */
export function positionToTell(told: Position | undefined, now: Position): Position {
  if (told === undefined || told.ahead <= FRONT || now.ahead <= FRONT) return now;
  return now.ahead * 2 > told.ahead ? told : now;
}
