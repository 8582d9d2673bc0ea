import { z } from 'zod';

/**
 * Pieces that several kinds share. A zod schema is the one source of a kind's TypeScript type, of its
 * CustomResourceDefinition (hack/gen-crds.ts) and of its reference page; `.describe()` becomes the documentation of the field.
 */

/** A DNS-1123 subdomain, as names of objects are. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** RFC 3339. */
export const time = z.iso.datetime();

/** Anything the mover understands; the API server keeps it as it is and the mover's own schema checks it. */
export const moverConfig = z
  .looseObject({})
  .describe(
    "Settings for the mover, checked by the mover's own schema. What is set here wins over the class. For VolSync see docs/movers/volsync.md.",
  )
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });

/** A list of metav1.Condition, merged by type. */
export const conditions = z
  .array(
    z.object({
      type: z.string(),
      status: z.enum(['True', 'False', 'Unknown']),
      reason: z.string(),
      message: z.string(),
      lastTransitionTime: time,
      observedGeneration: z.int().optional(),
    }),
  )
  .describe('Steps behind this request, one condition each.')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

export const failure = z
  .object({
    reason: z.string().describe('One word for machines; the table is in docs/failures.md.'),
    message: z.string().describe('What went wrong, with which object, and what to do.'),
  })
  .describe('Why the request failed. Absent while it has not.');

export const progress = z
  .object({
    bytesDone: z.int().min(0).describe('Bytes read from or written to the volume so far.'),
    totalBytes: z
      .int()
      .min(0)
      .optional()
      .describe('Bytes to move, as far as the mover knows. Absent before it knows.'),
    filesDone: z.int().min(0).optional(),
    totalFiles: z.int().min(0).optional(),
    updatedAt: time,
  })
  .describe('How far the mover is.');

export const queue = z
  .object({
    ahead: z.int().min(0).describe('Requests that will be admitted before this one.'),
    reason: z.string().describe('What it waits for.'),
  })
  .describe('Present while the request waits for a place.');

/** What a volume looked like: enough to make one like it in another cluster. */
export const volume = z
  .object({
    pvcName: z.string(),
    namespace: z.string(),
    storageClassName: z.string().optional(),
    accessModes: z.array(z.string()),
    volumeMode: z.enum(['Filesystem', 'Block']),
    capacity: z
      .string()
      .describe(
        'The largest of the requested size, the real capacity and what the snapshot needs to be restored.',
      ),
    reclaimPolicy: z.string().optional().describe("The backed-up PersistentVolume's reclaim policy."),
    pvLabels: z
      .record(z.string(), z.string())
      .optional()
      .describe("The backed-up PersistentVolume's labels."),
  })
  .describe('The volume as it was.');

/** What a finished backup records, and all that a restore needs. */
export const backupResult = z
  .object({
    mover: z
      .string()
      .describe('The mover that made it; a restore needs the same one or one that reads its repositories.'),
    repository: z
      .string()
      .describe(
        'Path of the repository below the base that the repository secret names: prefix/cluster/namespace/pvc.',
      ),
    snapshotID: z.string().optional().describe("The mover's id of the snapshot. Absent only when `empty`."),
    snapshotTime: time.optional().describe("When the mover's snapshot was complete, by the mover's clock."),
    bytes: z.int().min(0).optional().describe('Size of the data.'),
    files: z.int().min(0).optional(),
    uploadedBytes: z
      .int()
      .min(0)
      .optional()
      .describe('What was added to the repository, after deduplication, before compression.'),
    empty: z.boolean().optional().describe('True when the volume held nothing; no snapshot exists then.'),
  })
  .describe('What the backup produced. Present only when it is proved.');
