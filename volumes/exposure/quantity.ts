import { parseQuantity } from '../../api/kubernetes/quantity.ts';

/** Returns the largest of the given sizes as it was written; absent ones do not count. */
export function largestQuantity(...sizes: readonly (string | undefined)[]): string | undefined {
  const known = sizes.filter((size): size is string => size !== undefined && size !== '');
  return known.reduce<string | undefined>(
    (largest, size) =>
      largest === undefined || parseQuantity(size) > parseQuantity(largest) ? size : largest,
    undefined,
  );
}
