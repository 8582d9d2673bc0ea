import { readFileSync } from 'node:fs';

/**
 * Returns the minimum glibc of a program or library, for example `2.28`: the highest version among the functions that it uses.
 * Not valid for libc itself, which lists the versions that it provides.
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
