import { closeSync, openSync } from 'node:fs';

const NOWHERE = '/dev/null';

/**
 * Closes standard output (1) or standard error (2) while this process is still alive, so that the host reads its end. If the host
 * reads the end together with the exit, go-plugin up to 1.6 (Velero up to 1.17) may close its side first, and logs a spurious
 * error. The descriptor stays in use, so that a late write does not end up in another file.
 */
export function closeStdio(stream: 1 | 2): void {
  try {
    // This also occupies descriptor 0 if it is free, because open returns the lowest free number.
    const spare = openSync(NOWHERE, 'w');
    closeSync(stream);
    openSync(NOWHERE, 'w');
    closeSync(spare);
  } catch {
    // The root filesystem has no devices: the stream ends with the process.
  }
}
