import { MAX_SNAPSHOT_ID } from '../api/datamover/v1alpha1/schema.ts';
import type { Mover } from './mover.ts';
import { quoted } from '../lifecycle/request/plain-text.ts';
import { done, failed, type StepResult } from '../lifecycle/request/step.ts';

type Namer = Pick<Mover, 'name' | 'snapshotIDs'>;

/** Returns true if the whole text matches the mover's pattern for snapshot ids. */
export function isSnapshotID({ snapshotIDs: { pattern } }: Pick<Mover, 'snapshotIDs'>, id: string): boolean {
  return (
    id.length <= MAX_SNAPSHOT_ID && new RegExp(`^(?:${pattern.source})$`, withoutState(pattern)).test(id)
  );
}

/**
 * Fails a request if its record contains a snapshot id that the mover does not accept. Tenants write records, or they come from a
 * bucket, and ids become arguments of the mover's programs. `field` is the path of the id in the request.
 */
export function checkSnapshotID(mover: Namer, field: string, id: string): StepResult {
  if (isSnapshotID(mover, id)) return done;
  return failed('InvalidRequest', `${field} is ${quoted(id)}; ${formOf(mover)}`);
}

/** Number of characters to which a program may shorten an id. */
const SHORT = 8;

/** Returns the prefix that all forms of one snapshot id share. */
export function shortID(id: string): string {
  return id.slice(0, SHORT);
}

/**
 * Returns true if two ids name the same snapshot: either may be shortened to a prefix of at least `SHORT` characters. An id with
 * fewer characters is complete.
 */
export function isSameSnapshot(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return a === b || (short.length >= SHORT && long.startsWith(short));
}

/** Returns one sentence that describes the mover's snapshot ids. */
export function formOf({ name, snapshotIDs }: Namer): string {
  return `a snapshot of mover ${name} is named by ${snapshotIDs.form}`;
}

/** Removes flags: `g` and `y` make a pattern keep its last match, and `m` makes `$` match before a line break. */
function withoutState({ flags }: RegExp): string {
  return flags.replaceAll(/[gmy]/g, '');
}
