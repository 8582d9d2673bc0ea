import { z } from 'zod';
import { parseQuantity } from '../../../api/quantity.ts';

/** As the API server reads one; a word that is none would keep VolSync trying for ever. */
const quantity = z
  .string()
  .max(64)
  .refine((text) => isQuantity(text), 'is not a quantity such as 2Gi');

/** What `DataMoverClass.spec.config` may say for the VolSync mover. Every field is optional but the secret has a default name. */
export const volSyncConfig = z.strictObject({
  resticSecret: z
    .object({ name: z.string().min(1) })
    .default({ name: 'restic-config' })
    .describe(
      'Secret in the protected namespace: RESTIC_PASSWORD; RESTIC_REPOSITORY (base URL) with the credentials of the provider, or neither: then both come from the BackupStorageLocation.',
    ),
  backupStorageLocation: z
    .strictObject({ name: z.string().min(1) })
    .optional()
    .describe(
      "Where a secret without RESTIC_REPOSITORY puts its repositories. Default: the Velero backup's location.",
    ),
  cacheCapacity: quantity.default('1Gi').describe("Size of the mover's restic cache volume."),
  cacheStorageClassName: z
    .string()
    .optional()
    .describe('StorageClass of the cache. Default: that of the volume to back up or to restore.'),
  cacheAccessModes: z
    .array(z.string())
    .min(1)
    .default(['ReadWriteOnce'])
    .describe('Access modes of the cache.'),
  moverSecurityContext: z.looseObject({}).optional().describe("Pod security context of VolSync's mover."),
  moverServiceAccount: z.string().optional().describe("ServiceAccount of VolSync's mover."),
  moverResources: z.looseObject({}).optional().describe("Resources of VolSync's mover container."),
  resticImage: z
    .string()
    .min(1)
    .default('docker.io/restic/restic:0.18.1')
    .describe(
      'Image with a shell and a `restic` in its PATH, which removes the data of deleted backups, as VolSync cannot, and verifies what was moved.',
    ),
  rcloneImage: z
    .string()
    .min(1)
    .default('docker.io/rclone/rclone:1.75.1')
    .describe(
      "Image with an `rclone` in its PATH, VolSync's for example, which removes repositories without snapshots; restic cannot.",
    ),
  pruneMaxUnused: z
    .string()
    .regex(/^(unlimited|[0-9]+(\.[0-9]+)?%|[0-9]+[kKmMgGtT]?)$/)
    .default('5%')
    .describe('How much of a repository a prune may leave unused, as a share or a size.'),
  pruneMaxRepackSize: z
    .string()
    .regex(/^[0-9]+[kKmMgGtT]?$/)
    .default('20G')
    .describe('How much one prune may download and upload again; the rest is left to the next.'),
  moverAffinity: z.looseObject({}).optional().describe("Affinity of VolSync's mover pod."),
});

export type VolSyncConfig = z.infer<typeof volSyncConfig>;

export function parseVolSyncConfig(
  raw: Readonly<Record<string, unknown>>,
): { config: VolSyncConfig } | { problem: string } {
  const parsed = volSyncConfig.safeParse(raw);
  if (parsed.success) return { config: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `config.${path.join('.')}: ${message}`);
  return { problem: problems.join('; ') };
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}
