import { z } from 'zod';
import { isSize } from '../../api/kubernetes/quantity.ts';

/**
 * Settings of a cache's claim in a class. Must be a valid quantity, because the API server would reject anything else at every
 * retry.
 */
export const cacheCapacity = z.string().max(64).refine(isSize, 'is not a size such as 2Gi');
export const cacheAccessModes = z.array(z.string()).min(1).default(['ReadWriteOnce']);

/** Settings of repositories and of pods that use them, common to the Restic and VolSync movers. */
export const repositorySettings = {
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
  moverSecurityContext: z.looseObject({}).optional().describe("Security context of the mover's pods."),
  moverServiceAccount: z.string().optional().describe("ServiceAccount of the mover's pods."),
  moverResources: z.looseObject({}).optional().describe("Resources of the mover's container."),
  moverAffinity: z.looseObject({}).optional().describe("Affinity of the mover's pods."),
  resticImage: z
    .string()
    .min(1)
    .default('docker.io/restic/restic:0.18.1')
    .describe('Image with a shell and a `restic` in its PATH.'),
  rcloneImage: z
    .string()
    .min(1)
    .default('docker.io/rclone/rclone:1.75.1')
    .describe(
      'Image with a shell and an `rclone` in its PATH, which removes repositories without snapshots; restic cannot.',
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
};

export type RepositoryConfig = z.infer<z.ZodObject<typeof repositorySettings>>;

/** Parses with the schema; the problem names each invalid field. */
export function parseWith<T>(
  schema: z.ZodType<T>,
  raw: Readonly<Record<string, unknown>>,
): { config: T } | { problem: string } {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { config: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `config.${path.join('.')}: ${message}`);
  return { problem: problems.join('; ') };
}
