import { z } from 'zod';
import {
  cacheAccessModes,
  cacheCapacity,
  parseWith,
  repositorySettings,
} from '../restic-repository/config.ts';

const rate = z.int().positive().optional();

/** Schema of `DataMoverClass.spec.config` for the Restic mover. */
export const resticConfig = z.strictObject({
  ...repositorySettings,
  compression: z
    .enum(['auto', 'off', 'max'])
    .optional()
    .describe(
      "How hard restic compresses what it uploads. Default: RESTIC_COMPRESSION of the secret, else restic's own, `auto`.",
    ),
  packSize: z
    .int()
    .min(4)
    .max(128)
    .optional()
    .describe(
      "Size of the repository's files in MiB. Default: RESTIC_PACK_SIZE of the secret, else restic's own, 16.",
    ),
  readConcurrency: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      "Files that are read at a time. Default: RESTIC_READ_CONCURRENCY of the secret, else restic's own, 2.",
    ),
  cacheCapacity: cacheCapacity
    .optional()
    .describe(
      'Size of a volume per repository that keeps the cache between backups. Default: the cache is deleted with the pod.',
    ),
  cacheStorageClassName: z
    .string()
    .optional()
    .describe('StorageClass of that volume. Default: that of the volume to back up.'),
  cacheAccessModes: cacheAccessModes.describe('Access modes of that volume.'),
  limitUpload: rate.describe('Bound of the upload, in KiB/s. Default: none.'),
  limitDownload: rate.describe('Bound of the download, in KiB/s. Default: none.'),
});

export type ResticConfig = z.infer<typeof resticConfig>;

export function parseResticConfig(
  raw: Readonly<Record<string, unknown>>,
): { config: ResticConfig } | { problem: string } {
  return parseWith(resticConfig, raw);
}
