import { writeSync } from 'node:fs';

/** How long to wait for a reader that is behind. */
const PAUSE_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Written when this returns: the host kills this process as soon as it is done with it. Where nobody reads any more,
 * the text is lost; the process will notice by other means.
 */
export function writeWhole(fd: number, text: string): void {
  let rest: Buffer = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // Who shares the pipe may have set it not to block.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
}
