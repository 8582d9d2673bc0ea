import { MAX_SNAPSHOT_ID } from '../api/datamover/v1alpha1/schema.ts';
import type { Mover } from './mover.ts';
import { quoted } from '../lifecycle/request/plain-text.ts';
import { done, failed, type StepResult } from '../lifecycle/request/step.ts';

type Namer = Pick<Mover, 'name' | 'snapshotIDs'>;

/** True if the whole text has the form of the mover's snapshot ids. */
export function isSnapshotID({ snapshotIDs: { pattern } }: Pick<Mover, 'snapshotIDs'>, id: string): boolean {
  return (
    id.length <= MAX_SNAPSHOT_ID && new RegExp(`^(?:${pattern.source})$`, withoutState(pattern)).test(id)
  );
}

/**
 * Fails a request whose record names a snapshot by something that is not an id of the mover. Records are written by
 * tenants and read from buckets, and ids become arguments of the mover's programs.
 * `field` is the path of the id in the request.
 */
export function checkSnapshotID(mover: Namer, field: string, id: string): StepResult {
  if (isSnapshotID(mover, id)) return done;
  return failed('InvalidRequest', `${field} is ${quoted(id)}; ${formOf(mover)}`);
}

/** How many characters of an id a program may name a snapshot by. */
const SHORT = 8;

/** What all the forms in which one snapshot is named have in common. */
export function shortID(id: string): string {
  return id.slice(0, SHORT);
}

/** Whether two ids name one snapshot: one of them may be cut short. An id that is shorter still is complete. */
export function isSameSnapshot(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return a === b || (short.length >= SHORT && long.startsWith(short));
}

/** One sentence about what the mover's ids look like. */
export function formOf({ name, snapshotIDs }: Namer): string {
  return `a snapshot of mover ${name} is named by ${snapshotIDs.form}`;
}

/** `g` and `y` make a pattern remember its last match, and `m` lets `$` match before a line break. */
function withoutState({ flags }: RegExp): string {
  return flags.replaceAll(/[gmy]/g, '');
}
