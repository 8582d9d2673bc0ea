import type { Entry, Manifest } from './manifest.ts';

/** The result of comparing two manifests. */
export interface Comparison {
  /** Number of entries in the first manifest, each of which was looked up in the second. */
  readonly compared: number;
  readonly files: number;
  /** Sum of the sizes of all files, each counted once however many names it has. */
  readonly bytes: number;
  /** One line per difference, for users; empty if there is none. */
  readonly differences: readonly string[];
}

/** Fields that must be equal. `allocated` is not one of them: it depends on the storage, not on the data. */
const FIELDS = [
  'type',
  'mode',
  'uid',
  'gid',
  'size',
  'mtime',
  'sha256',
  'linkTarget',
  'sameFileAs',
] as const satisfies readonly (keyof Entry)[];

/** Compares every entry, in both directions. */
export function compare(before: Manifest, after: Manifest): Comparison {
  const differences: string[] = [];
  for (const [path, entry] of before) {
    const other = after.get(path);
    if (other === undefined) differences.push(`${quote(path)}: missing`);
    else differences.push(...differencesOf(entry, other));
  }
  for (const path of after.keys())
    if (!before.has(path)) differences.push(`${quote(path)}: was not there before`);
  const files = [...before.values()].filter(({ type }) => type === 'file');
  return { compared: before.size, files: files.length, bytes: sizeOf(files), differences };
}

function differencesOf(before: Entry, after: Entry): string[] {
  const different = FIELDS.filter((field) => before[field] !== after[field]);
  return different.map(
    (field) =>
      `${quote(before.path)}: ${field} was ${String(before[field] ?? 'none')} and is ${String(after[field] ?? 'none')}`,
  );
}

function sizeOf(files: readonly Entry[]): number {
  const once = files.filter(({ path, sameFileAs = path }) => sameFileAs === path);
  return once.reduce((sum, { size }) => sum + size, 0);
}

/** Returns a path in readable form: its bytes as UTF-8, unprintable characters escaped. */
function quote(path: string): string {
  return JSON.stringify(Buffer.from(path, 'latin1').toString('utf8'));
}
