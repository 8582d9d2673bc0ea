import { z } from 'zod';

/** `spec.config` of a DataMoverClass with `mover: Archive`. */
const archiveConfig = z.strictObject({
  endpoint: z.url().describe('The S3 server.'),
  bucket: z.string().min(3),
  region: z.string().min(1).default('us-east-1'),
  /** In the protected namespace, with {@link SECRET_KEYS}. */
  secret: z.strictObject({ name: z.string().min(1) }).default({ name: 'archive-mover' }),
  /** Built from image/Containerfile. */
  image: z.string().min(1).default('registry.example.com/archive-mover-engine:0.1.0'),
  compressionLevel: z.int().min(1).max(19).default(3),
});

export type ArchiveConfig = z.infer<typeof archiveConfig>;

export const SECRET_KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

export function parseConfig(
  raw: Readonly<Record<string, unknown>>,
): { config: ArchiveConfig } | { problem: string } {
  const { success, data, error } = archiveConfig.safeParse(raw);
  if (success) return { config: data };
  const problems = error.issues.map(({ path, message }) => `config.${path.join('.')}: ${message}`);
  return { problem: problems.join('; ') };
}
