import { Writable } from 'node:stream';
import type { Logger } from '../../telemetry/log.ts';

/**
 * What is said past the log still ends in it. Standard output belongs to the handshake: the host stops reading it at the
 * first long line, and the process would wait for ever to be read. And what Node or a library prints on standard error
 * as it likes, Velero shows at debug at best.
 */
export function logStrays(log: Logger): void {
  for (const name of ['stdout', 'stderr'] as const) {
    // Read by `console` too, when it first prints. The real stream is never made, which saves its start-up as well.
    Object.defineProperty(process, name, { configurable: true, value: lineStream(log, name) });
  }
  // The listener of Node itself prints.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.debug({ err: warning }, `Node warns: ${warning.name}`));
}

/** The process ends: what it was in the middle of is unknown, and Velero starts another one for the next call. */
export function endAtUncaught(log: Logger, exit: (code: number) => void): void {
  process.on('uncaughtException', (error: unknown) => {
    log.error({ err: error }, 'the plugin process ends: an error that nobody caught');
    exit(1);
  });
}

/** Not counted as a warning or an error of the user's backup, which it says nothing about. */
function lineStream(log: Logger, stream: string): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, done) {
      for (const line of String(chunk).split('\n')) if (line !== '') log.debug({ stream }, line);
      done();
    },
  });
}
