import { writeSync } from 'node:fs';

/** Pause before the next write if the pipe is full. */
const PAUSE_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Writes the text synchronously, because the host kills this process as soon as it no longer needs it. If the pipe has no reader,
 * the text is lost; the process detects that by other means.
 */
export function writeWhole(fd: number, text: string): void {
  let rest: Buffer = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // Another process that shares the pipe may have made it non-blocking.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
}
