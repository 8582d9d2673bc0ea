import { destination, pino, type Logger as Pino } from 'pino';
import { inspect } from 'node:util';
import type { Logger, LogFields } from '../../telemetry/log.ts';
import { fitLine } from './fit-line.ts';
import { framesOf, type LocateSource } from './stack.ts';

/** Levels of hclog; Velero prints a line with any other as debug. */
export type HclogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface HclogOptions {
  /** Default `info`, as Velero's. */
  level?: HclogLevel;
  /** Default 2, standard error, which the host reads. */
  fd?: number;
  locate?: LocateSource;
}

/** Keys of the line itself. Velero's server panics when one of these is not a string, so nobody else may set them. */
const RESERVED = new Set([
  '@level',
  '@message',
  '@timestamp',
  '@caller',
  '@module',
  'time',
  'timestamp',
  'level',
]);
/** Keys that a hook of the Velero server casts to string, without looking, while a backup runs. */
const STRINGS = new Set(['namespace', 'name', 'resource']);

/**
 * The log as go-plugin reads it: one JSON object per line on stderr, keys `@level` and `@message`, no time (the host
 * stamps). Warn and error lines are counted by Velero: an error line makes the backup PartiallyFailed.
 */
export function createHclog(options: HclogOptions = {}): Logger {
  const clean = (fields: LogFields): LogFields => cleanFields(fields, options.locate);
  // Written at once: the host kills this process as soon as it is done with it.
  const out = destination({ fd: options.fd ?? 2, sync: true });
  // Nobody reads any more: the host is gone, and this process will notice.
  out.on('error', () => undefined);
  return wrap(
    pino(
      {
        level: options.level ?? 'info',
        base: null,
        messageKey: '@message',
        timestamp: false,
        formatters: { level: (label) => ({ '@level': label === 'fatal' ? 'error' : label }) },
      },
      { write: (line: string) => void out.write(fitLine(line)) },
    ),
    clean,
  );
}

/** Turns what pino would do with odd arguments (objects as messages, `%s`) into one shape: clean fields, text. */
function wrap(log: Pino, clean: (fields: LogFields) => LogFields): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (first: LogFields | string, second?: string): void => {
      if (typeof first === 'string') log[level]({}, textOf(first));
      else log[level](clean(first), textOf(second));
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => wrap(log.child(clean(fields)), clean),
  };
}

function textOf(message: unknown): string {
  return typeof message === 'string' ? message : asText(message);
}

function cleanFields(fields: LogFields, locate?: LocateSource): LogFields {
  const clean: LogFields = {};
  for (const [key, value] of Object.entries(fields)) {
    if (RESERVED.has(key) || value === undefined) continue;
    if (value instanceof Error) Object.assign(clean, errorFields(value, locate));
    else clean[key] = STRINGS.has(key) ? asText(value) : value;
  }
  return clean;
}

/** As Velero's own plugins log an error. */
function errorFields(error: Error, locate?: LocateSource): LogFields {
  const [frame] = framesOf(error, locate);
  if (frame === undefined) return { error: error.message };
  return {
    error: error.message,
    'error.file': `${frame.file}:${String(frame.line)}`,
    'error.function': frame.function,
  };
}

/** Never throws, whatever it is given. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    // Undefined for what JSON does not know, whatever its type says.
    const json = JSON.stringify(value) as string | undefined;
    return json ?? typeof value;
  } catch {
    return inspect(value);
  }
}
