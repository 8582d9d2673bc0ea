import { z } from 'zod';
import { isQuantity } from '../../../api/quantity.ts';
import { parseWith, repositorySettings } from '../../restic-repository/config.ts';

/** What `DataMoverClass.spec.config` may say for the VolSync mover. Every field is optional but the secret has a default name. */
export const volSyncConfig = z.strictObject({
  ...repositorySettings,
  // As the API server reads one; a word that is none would keep VolSync trying for ever.
  cacheCapacity: z
    .string()
    .max(64)
    .refine(isQuantity, 'is not a quantity such as 2Gi')
    .default('1Gi')
    .describe("Size of the mover's restic cache volume."),
  cacheStorageClassName: z
    .string()
    .optional()
    .describe('StorageClass of the cache. Default: that of the volume to back up or to restore.'),
  cacheAccessModes: z
    .array(z.string())
    .min(1)
    .default(['ReadWriteOnce'])
    .describe('Access modes of the cache.'),
});

export type VolSyncConfig = z.infer<typeof volSyncConfig>;

export function parseVolSyncConfig(
  raw: Readonly<Record<string, unknown>>,
): { config: VolSyncConfig } | { problem: string } {
  return parseWith(volSyncConfig, raw);
}
