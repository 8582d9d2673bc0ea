import { inspect } from 'node:util';
import type { Logger, LogFields, LogLine } from '../../telemetry/log.ts';
import { fitLine } from './fit-line.ts';
import { framesOf, type LocateSource } from './stack.ts';
import { writeWhole } from './write-whole.ts';

/** Levels of hclog, the loudest last; Velero prints a line with any other as debug. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type HclogLevel = (typeof LEVELS)[number];

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
 *
 * Not pino, which the controller logs with: loading it was a tenth of the CPU time of a start.
 */
export function createHclog({ level = 'info', fd = 2, locate }: HclogOptions = {}): Logger {
  const loud = LEVELS.slice(LEVELS.indexOf(level));
  const clean = (fields: LogFields): LogFields => cleanFields(fields, locate);
  const withFields = (common: LogFields): Logger => {
    const line =
      (at: HclogLevel): LogLine =>
      (first: LogFields | string, second?: string) => {
        if (!loud.includes(at)) return;
        const [fields, message] = typeof first === 'string' ? [{}, first] : [clean(first), second];
        writeWhole(fd, fitLine(toLine({ '@level': at, ...common, ...fields, '@message': textOf(message) })));
      };
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => withFields({ ...common, ...clean(fields) }),
    };
  };
  return withFields({});
}

function toLine(fields: LogFields): string {
  try {
    return `${JSON.stringify(fields)}\n`;
  } catch {
    const sayable = Object.entries(fields).map(([key, value]) => [
      key,
      isSayable(value) ? value : asText(value),
    ]);
    return `${JSON.stringify(Object.fromEntries(sayable))}\n`;
  }
}

/** False for what JSON cannot say, such as an object that holds itself, or a bigint. */
function isSayable(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
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
