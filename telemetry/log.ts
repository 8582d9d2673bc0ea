import { destination, pino } from 'pino';

/** Fields of a log line; keys are camelCase. Errors are in `err`. */
export type LogFields = Record<string, unknown>;

/** Logs one line: fields and message, or only a message. */
export interface LogLine {
  (fields: LogFields, message: string): void;
  (message: string): void;
}

/** Writes log lines. Passed in, never global. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** Returns a logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  /** Default `info`. */
  level?: LogLevel;
  /** Fields of every line, for example the program's name. */
  fields?: LogFields;
  /** File descriptor. Default 2, standard error. */
  fd?: number;
}

/**
 * Creates a logger that writes JSON lines through pino, with RFC 3339 times and level names. Writes synchronously: a crash must
 * not lose the lines that explain it, and transports would need worker files that a single-file executable does not have.
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

/** Logs nothing; for tests and for libraries. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
