import type { Retain } from '../api.ts';

/** Returns restic's `--keep-…` options in VolSync's order. If none is set, only the last snapshot is kept. */
export function forgetOptions(retain: Retain | undefined): string {
  const counted = (['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const).flatMap((period) => {
    const count = retain?.[period];
    return count === undefined ? [] : [` --keep-${period} ${String(count)}`];
  });
  const within = retain?.within === undefined ? [] : [` --keep-within ${retain.within}`];
  const last = retain?.last === undefined ? [] : [` --keep-last ${retain.last}`];
  const all = [...counted, ...within, ...last];
  return all.length === 0 ? '--keep-last 1' : all.join('');
}
