import { destination, pino } from 'pino';

/** What a log line carries beside its message; keys are camelCase. Errors go under `err`. */
export type LogFields = Record<string, unknown>;

/** One line at a level: fields and message, or just a message. */
export interface LogLine {
  (fields: LogFields, message: string): void;
  (message: string): void;
}

/** Where the program tells what it does. Passed in, never global. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  /** Default `info`. */
  level?: LogLevel;
  /** Fields of every line, such as the program's name. */
  fields?: LogFields;
  /** File descriptor. Default 2, standard error. */
  fd?: number;
}

/**
 * JSON lines through pino, with RFC 3339 times and level names. Written at once: a crash must not swallow the lines
 * that explain it, and transports would need worker files that a single-file executable does not have.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: options.fields ?? {},
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['token', '*.token', 'authorization', '*.authorization'], censor: '[hidden]' },
    },
    destination({ fd: options.fd ?? 2, sync: true }),
  );
}

const nothing = (): void => undefined;

/** Says nothing; for tests and for libraries whose caller wants none. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
