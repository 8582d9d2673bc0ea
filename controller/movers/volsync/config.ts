import { z } from 'zod';
import {
  cacheAccessModes,
  cacheCapacity,
  parseWith,
  repositorySettings,
} from '../../restic-repository/config.ts';

/** What `DataMoverClass.spec.config` may say for the VolSync mover. Every field is optional but the secret has a default name. */
export const volSyncConfig = z.strictObject({
  ...repositorySettings,
  cacheCapacity: cacheCapacity.default('1Gi').describe("Size of the mover's restic cache volume."),
  cacheStorageClassName: z
    .string()
    .optional()
    .describe('StorageClass of the cache. Default: that of the volume to back up or to restore.'),
  cacheAccessModes: cacheAccessModes.describe('Access modes of the cache.'),
});

/** VolSync's own settings for the history of a repository. The published design names them; here Velero's backups decide. */
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
    'config.pruneIntervalDays has no effect: spec.repositories.pruneIntervalSeconds says when a repository is pruned',
} as const;

export type VolSyncConfig = z.infer<typeof volSyncConfig>;

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

/** Of both parts, so that all mistakes show at once. */
function problemsOf(...parts: readonly object[]): { problem: string } {
  const problems = parts.flatMap((part) => ('problem' in part ? [String(part.problem)] : []));
  return { problem: problems.join('; ') };
}
