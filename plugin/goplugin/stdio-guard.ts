import { Writable } from 'node:stream';
import type { Logger } from '../../telemetry/log.ts';

/**
 * Redirects all other output to the log. Standard output is reserved for the handshake: the host stops reading it at the first
 * long line, and the process would block forever. Velero shows output of Node or a library on standard error at level debug at
 * best.
 */
export function redirectStdio(log: Logger): void {
  for (const name of ['stdout', 'stderr'] as const) {
    // `console` also reads this property on its first use. The real stream is never created, which saves its start-up time too.
    Object.defineProperty(process, name, { configurable: true, value: lineStream(log, name) });
  }
  // Node's own listener prints.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.debug({ err: warning }, `Node warns: ${warning.name}`));
}

/** Ends the process after an uncaught exception, because its state is unknown. Velero starts another one for the next call. */
export function endAtUncaught(log: Logger, exit: (code: number) => void): void {
  process.on('uncaughtException', (error: unknown) => {
    log.error({ err: error }, 'the plugin process exits: uncaught error');
    exit(1);
  });
}

/** Logs at debug, so that a line does not count as a warning or an error of the user's backup. */
function lineStream(log: Logger, stream: string): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, done) {
      for (const line of String(chunk).split('\n')) if (line !== '') log.debug({ stream }, line);
      done();
    },
  });
}
