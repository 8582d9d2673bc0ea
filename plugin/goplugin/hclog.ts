import { inspect } from 'node:util';
import type { Logger, LogFields, LogLine } from '../../telemetry/log.ts';
import { fitLine } from './fit-line.ts';
import { framesOf, type LocateSource } from './stack.ts';
import { writeWhole } from './write-whole.ts';

/** Levels of hclog in ascending order; Velero prints a line with any other as debug. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type HclogLevel = (typeof LEVELS)[number];

export interface HclogOptions {
  /** Default `info`, as in Velero. */
  level?: HclogLevel;
  /** Default 2, standard error, which the host reads. */
  fd?: number;
  locate?: LocateSource;
}

/** Keys of the line itself, which fields must not override: Velero's server panics if one of these is not a string. */
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
/** Keys that a hook of the Velero server casts to string without a check while a backup runs. */
const STRINGS = new Set(['namespace', 'name', 'resource']);

/**
 * Creates a log in the format of go-plugin: one JSON object per line on stderr, keys `@level` and `@message`, no time (the host
 * adds it). Velero counts warnings and errors: an error line makes the backup PartiallyFailed.
 *
 * It is not pino, which the controller uses: loading pino took a tenth of the CPU time of a start.
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
      isPrintable(value) ? value : asText(value),
    ]);
    return `${JSON.stringify(Object.fromEntries(sayable))}\n`;
  }
}

/** Returns false for what JSON cannot represent, such as a cyclic object or a bigint. */
function isPrintable(value: unknown): boolean {
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

/** Returns the fields with which Velero's own plugins log an error. */
function errorFields(error: Error, locate?: LocateSource): LogFields {
  const [frame] = framesOf(error, locate);
  if (frame === undefined) return { error: error.message };
  return {
    error: error.message,
    'error.file': `${frame.file}:${String(frame.line)}`,
    'error.function': frame.function,
  };
}

/** Never throws, whatever the value. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    // `undefined` for what JSON cannot represent, despite the declared type.
    const json = JSON.stringify(value) as string | undefined;
    return json ?? typeof value;
  } catch {
    return inspect(value);
  }
}
