import { z } from 'zod';
import {
  cacheAccessModes,
  cacheCapacity,
  parseWith,
  repositorySettings,
} from '../restic-repository/config.ts';
import { parseQuantity } from '../../api/kubernetes/quantity.ts';
import { largestQuantity } from '../../volumes/exposure/quantity.ts';

/** Schema of `DataMoverClass.spec.config` for the VolSync mover. Every field is optional; the secret has a default name. */
export const volSyncConfig = z.strictObject({
  ...repositorySettings,
  cacheCapacity: cacheCapacity.default('1Gi').describe("Size of the mover's restic cache volume."),
  maxCacheCapacity: cacheCapacity
    .optional()
    .describe(
      'The most that a request may choose for its cache. Default: 10Gi, or `cacheCapacity` where that is more.',
    ),
  cacheStorageClassName: z
    .string()
    .optional()
    .describe('StorageClass of the cache. Default: that of the volume to back up or to restore.'),
  cacheAccessModes: cacheAccessModes.describe('Access modes of the cache.'),
});

/**
 * VolSync's own settings for the history of a repository. The published design contains them; they have no effect, because
 * Velero's backups determine the history.
 */
const historySettings = z.object({
  retain: z
    .strictObject({
      last: z.string().optional(),
      hourly: z.int().optional(),
      daily: z.int().optional(),
      weekly: z.int().optional(),
      monthly: z.int().optional(),
      yearly: z.int().optional(),
      within: z.string().optional(),
    })
    .optional(),
  pruneIntervalDays: z.int().optional(),
});

const NOTES = {
  retain: 'config.retain has no effect: a snapshot is kept as long as the Velero backup that it belongs to',
  pruneIntervalDays:
    'config.pruneIntervalDays has no effect: spec.repositories.pruneIntervalSeconds determines when a repository is pruned',
} as const;

export type VolSyncConfig = z.infer<typeof volSyncConfig>;

const MAX_CHOSEN_CACHE = '10Gi';

/**
 * Limits the size of the cache that a request may choose: the cache is created in the protected namespace, outside the tenant's
 * quota.
 */
export function refuseCache(
  chosen: Readonly<Record<string, unknown>>,
  ofClass: Readonly<Record<string, unknown>>,
): string | undefined {
  const { cacheCapacity: wanted } = chosen;
  if (typeof wanted !== 'string') return undefined;
  const { maxCacheCapacity: most = largestQuantity(MAX_CHOSEN_CACHE, textOf(ofClass['cacheCapacity'])) } =
    ofClass;
  if (parseQuantity(wanted) <= parseQuantity(String(most))) return undefined;
  return `cacheCapacity is ${wanted}, and a request may choose ${String(most)} at most; the administrator can change config.maxCacheCapacity of the DataMoverClass`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function parseVolSyncConfig(
  raw: Readonly<Record<string, unknown>>,
): { config: VolSyncConfig; notes?: readonly string[] } | { problem: string } {
  const { retain, pruneIntervalDays, ...rest } = raw;
  const history = parseWith(historySettings, { retain, pruneIntervalDays });
  const parsed = parseWith(volSyncConfig, rest);
  if ('problem' in parsed || 'problem' in history) return problemsOf(parsed, history);
  const notes = (['retain', 'pruneIntervalDays'] as const)
    .filter((name) => raw[name] !== undefined)
    .map((name) => NOTES[name]);
  return notes.length === 0 ? parsed : { ...parsed, notes };
}

/** Joins the problems of all parts, so that the user sees every mistake at once. */
function problemsOf(...parts: readonly object[]): { problem: string } {
  const problems = parts.flatMap((part) => ('problem' in part ? [String(part.problem)] : []));
  return { problem: problems.join('; ') };
}
