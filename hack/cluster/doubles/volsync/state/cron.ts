interface FieldRange {
  min: number;
  max: number;
}

const RANGES: readonly FieldRange[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12 },
  { min: 0, max: 6 },
];

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@annually': '0 0 1 1 *',
  '@yearly': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const DAY_MS = 86_400_000;
/** The search ends after this many days, because a schedule such as 30 February never occurs. */
const SEARCH_DAYS = 5 * 366;

/** A parsed cron expression. */
export interface Schedule {
  /** Returns the first moment after `afterMs` (both in milliseconds since 1970, UTC); undefined if there is none. */
  next(afterMs: number): number | undefined;
}

/** Parses five fields or a descriptor. Throws with the messages of VolSync's parser. */
export function parseCron(text: string): Schedule {
  const fields = (DESCRIPTORS[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) {
    throw new Error(`expected exactly 5 fields, found ${String(fields.length)}: [${fields.join(' ')}]`);
  }
  const [minutes, hours, days, months, weekdays] = fields.map((field, index) =>
    parseField(field, RANGES[index] ?? { min: 0, max: 0 }),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  const [, , dayField = '*', , weekdayField = '*'] = fields;
  const dayMatches = (time: Date): boolean => {
    const day = days.has(time.getUTCDate());
    const weekday = weekdays.has(time.getUTCDay());
    // As in every cron: if both day fields are restricted, either may match.
    return dayField.startsWith('*') || weekdayField.startsWith('*') ? day && weekday : day || weekday;
  };
  return {
    next(afterMs) {
      let time = Math.floor(afterMs / 60_000) * 60_000 + 60_000;
      const giveUpAt = time + SEARCH_DAYS * DAY_MS;
      while (time < giveUpAt) {
        const date = new Date(time);
        if (!months.has(date.getUTCMonth() + 1) || !dayMatches(date)) {
          time = (Math.floor(time / DAY_MS) + 1) * DAY_MS;
        } else if (!hours.has(date.getUTCHours())) time = (Math.floor(time / 3_600_000) + 1) * 3_600_000;
        else if (!minutes.has(date.getUTCMinutes())) time += 60_000;
        else return time;
      }
      return undefined;
    },
  };
}

function parseField(field: string, range: FieldRange): Set<number> {
  return new Set(field.split(',').flatMap((part) => parsePart(part, range)));
}

function parsePart(part: string, { min, max }: FieldRange): number[] {
  const [span = '', stepText] = part.split('/');
  const step = stepText === undefined ? 1 : toNumber(stepText);
  if (step === 0) throw new Error(`step of range should be a positive number: ${part}`);
  const [start, end] = span === '*' ? [min, max] : bounds(span, stepText === undefined ? undefined : max);
  if (start < min)
    throw new Error(`beginning of range (${String(start)}) below minimum (${String(min)}): ${part}`);
  if (end > max) throw new Error(`end of range (${String(end)}) above maximum (${String(max)}): ${part}`);
  if (start > end)
    throw new Error(`beginning of range (${String(start)}) beyond end of range (${String(end)}): ${part}`);
  const values: number[] = [];
  for (let value = start; value <= end; value += step) values.push(value);
  return values;
}

/** `5`, `5-10`, and with a step also `5/…`, which means from 5 on. */
function bounds(span: string, openEnd: number | undefined): [number, number] {
  const [first = '', last] = span.split('-');
  const start = toNumber(first);
  return [start, last === undefined ? (openEnd ?? start) : toNumber(last)];
}

function toNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`failed to parse int from ${text}`);
  return Number(text);
}
