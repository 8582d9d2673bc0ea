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

export type VolSyncConfig = z.infer<typeof volSyncConfig>;

export function parseVolSyncConfig(
  raw: Readonly<Record<string, unknown>>,
): { config: VolSyncConfig } | { problem: string } {
  return parseWith(volSyncConfig, raw);
}
