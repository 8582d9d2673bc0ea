import { readFileSync } from 'node:fs';

/**
 * The glibc that a program or library needs at least, e.g. `2.28`: the highest of the versions that it names beside
 * the functions it uses. Not for libc itself, which names those that it has.
 */
export function neededGlibc(file: string): string | undefined {
  const named = readFileSync(file)
    .toString('latin1')
    .matchAll(/\0GLIBC_(\d+(?:\.\d+)+)(?=\0)/g);
  return newestVersion([...named].map(([, version]) => version ?? ''));
}

export function newestVersion(versions: readonly (string | undefined)[]): string | undefined {
  const inOrder = new Intl.Collator('en', { numeric: true });
  return versions
    .filter((version) => version !== undefined)
    .sort(inOrder.compare)
    .at(-1);
}
