import { parseQuantity } from '../../api/kubernetes/quantity.ts';

/** The largest of the given sizes, in its own spelling; absent ones do not count. */
export function largestQuantity(...sizes: readonly (string | undefined)[]): string | undefined {
  const known = sizes.filter((size): size is string => size !== undefined && size !== '');
  return known.reduce<string | undefined>(
    (largest, size) =>
      largest === undefined || parseQuantity(size) > parseQuantity(largest) ? size : largest,
    undefined,
  );
}
