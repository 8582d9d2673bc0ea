import { closeSync, openSync } from 'node:fs';

const NOWHERE = '/dev/null';

/**
 * Lets the host read the end of standard output (1) or standard error (2) while this process still lives. When it reads
 * the end together with the exit, go-plugin up to 1.6 (Velero up to 1.17) may close its side first, and logs an error that
 * nobody made. The number stays taken, so that a late write ends nowhere and not in another file.
 */
export function hangUp(stream: 1 | 2): void {
  try {
    // Also takes 0, if nobody has it: the next one to be opened gets the lowest number that is free.
    const spare = openSync(NOWHERE, 'w');
    closeSync(stream);
    openSync(NOWHERE, 'w');
    closeSync(spare);
  } catch {
    // A root folder without devices: the stream ends with the process.
  }
}
