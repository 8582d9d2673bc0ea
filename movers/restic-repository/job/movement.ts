/** Whether a mover's log shows that something moves, which a line alone does not: restic prints its state by a clock. */

/** restic's lines about its state: JSON, or text behind the time that has passed. */
const STATE = /^\[[0-9:]+\]|^\{"message_type":"status"/;

const COUNTS = /"(?:bytes_done|files_done|bytes_restored|files_restored|total_bytes|total_files)":[0-9]+/g;

/** It meets the same error again and again. */
const TRIES_AGAIN = 'returned error, retrying after';

export function isState(line: string): boolean {
  return STATE.test(line);
}

/** True for lines that show movement, in the order in which they are given. */
export function createMovement(): (line: string) => boolean {
  let before: string | undefined;
  return (line) => {
    if (!isState(line)) return !line.includes(TRIES_AGAIN);
    const counts = countsIn(line);
    const moves = counts !== before;
    before = counts;
    return moves;
  };
}

/** What has been done by then, without the time it took and what that means for the rest. */
function countsIn(line: string): string {
  if (line.includes('"message_type":"status"')) return (line.match(COUNTS) ?? []).join();
  return line
    .replace(STATE, '')
    .replace(/ETA [0-9:]+/, '')
    .replace(/[0-9]+ errors/, '')
    .trim();
}
