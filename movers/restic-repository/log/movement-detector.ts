/**
 * Detects from a mover's log whether data moves. A new line alone does not prove it: restic prints its state at fixed intervals.
 */

/** restic's status lines: JSON, or text after the elapsed time. */
const STATE = /^\[[0-9:]+\]|^\{"message_type":"status"/;

const COUNTS = /"(?:(?:bytes|files)_(?:done|restored|skipped)|total_(?:bytes|files))":[0-9]+/g;

/** restic retries after the same error. */
const TRIES_AGAIN = 'returned error, retrying after';

export function isStatusLine(line: string): boolean {
  return STATE.test(line);
}

/** Returns a function that returns true for lines that show movement. Pass it the lines in their order. */
export function createMovementDetector(): (line: string) => boolean {
  let before: string | undefined;
  return (line) => {
    if (!isStatusLine(line)) return !line.includes(TRIES_AGAIN);
    const counts = countsIn(line);
    const moves = counts !== before;
    before = counts;
    return moves;
  };
}

/** Returns the counters of a status line, without elapsed and remaining time. */
function countsIn(line: string): string {
  if (line.includes('"message_type":"status"')) return (line.match(COUNTS) ?? []).join();
  return line
    .replace(STATE, '')
    .replace(/ETA [0-9:]+/, '')
    .replace(/[0-9]+ errors/, '')
    .trim();
}
