import { z } from 'zod';
import { isSize } from '../../kubernetes/quantity.ts';
import { MAX_CARRIED, MAX_CARRIED_VALUE } from '../../common/owned-keys.ts';
import { rules } from '../../schema/rules.ts';

/**
 * Schemas that several kinds share. The zod schema of a kind is the only source of its TypeScript type, its
 * CustomResourceDefinition (hack/gen-crds.ts) and its reference page; `.describe()` becomes the documentation of the field.
 *
 * The length of every text is limited, so the API server can estimate the cost of the rules. The limits are far above any
 * legitimate value: a status that is too long to be stored would hide the outcome.
 */

/** A DNS-1123 subdomain, like names of objects. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'is not a name of lower-case letters, digits, "-" and "."');

/** Like {@link objectName}; empty for a claim without a class. */
export const className = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/, 'is not a name of lower-case letters, digits, "-" and "."');

/** The name of a CSI driver, in the format of Kubernetes. */
export const csiDriver = z
  .string()
  .min(1)
  .max(63)
  .regex(
    /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/,
    'is not the name of a CSI driver: letters, digits, "-" and "."',
  );

/** Volume modes and access modes of Kubernetes. */
export const volumeModes = ['Filesystem', 'Block'] as const;
export const accessModes = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'] as const;

/** The name of a mover. Vendors choose their own. */
export const moverName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9 ._/-]*[A-Za-z0-9])?$/,
    'is not a name of letters, digits, ".", "_", "/", "-" and spaces',
  );

/** The size of a volume. The API server accepts numbers that no volume can have; the controller rejects them. */
export const size = z
  .string()
  .max(64)
  .regex(/^[0-9]+(\.[0-9]+)?([eE][0-9]+|[KMGTPE]i|[kMGTPEm])?$/, 'is not a size such as 10Gi')
  .refine(isSize, 'is not a size below 8Ei');

/** A word or an identifier of another system. */
export const word = z.string().max(1024);

/** Characters of a mover's snapshot id. */
export const MAX_SNAPSHOT_ID = 1024;

/**
 * A mover's snapshot id. It becomes an argument of the mover's programs, so it must not be an option, a path or several words.
 * The controller also checks the narrower pattern of the mover.
 */
export const snapshotID = z
  .string()
  .max(MAX_SNAPSHOT_ID)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:@=+-]*$/);

/** A text for people, with the limit of `metav1.Condition`. */
export const text = z.string().max(32768);

/** A path below the base in the repository secret. */
export const repositoryPath = z
  .string()
  .max(4096)
  .regex(
    /^[A-Za-z0-9._/-]*$/,
    'is not the path of a repository: folders of letters, digits, ".", "_" and "-", joined by "/"',
  );

/** A mover's repository id. It becomes an argument of the mover, so it must not look like an option. */
export const repositoryID = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/);

/** RFC 3339. */
export const time = z.iso.datetime();

/** RFC 3339 from the clock of a mover, in any time zone. */
const foreignTime = z.iso.datetime({ offset: true, error: 'is not a time such as 2026-01-31T23:59:59Z' });

/** A number of bytes or files. */
export const count = z.int().min(0);

/** Any configuration of a mover; the API server stores it unchanged, and the schema of the mover checks it. */
export const moverConfig = z
  .looseObject({})
  .describe(
    'Settings of the mover, validated by its own schema. A setting in a request overrides the one in the class. See docs/movers/ for the settings of each mover.',
  )
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });

/** Whether all data is from one point in time. */
export const consistency = z.enum(['PointInTime', 'Live']);

/** How thoroughly the result of a transfer is verified. */
export const verifyLevels = ['None', 'Metadata', 'Data'] as const;

export const verification = z
  .object({
    level: z
      .enum(verifyLevels)
      .describe('The level of verification: that of the class when the mover finished.'),
    since: time.describe('When the verification started.'),
    doneAt: time
      .optional()
      .describe('When the verification succeeded. Absent before that, and if it failed.'),
  })
  .describe('Verification of what the mover moved. Absent if the class does not enable it.');

/** A list of metav1.Condition, merged by type. */
export const conditions = z
  .array(
    z.object({
      type: z.string().min(1).max(316).describe('Condition type, in CamelCase.'),
      status: z
        .enum(['True', 'False', 'Unknown'])
        .describe(
          'Status of the condition: True once the step is complete, False with a reason before that.',
        ),
      reason: z.string().max(1024).describe('CamelCase reason for the last transition of the condition.'),
      message: text.describe('Human-readable details about the transition.'),
      lastTransitionTime: time.describe('Last time the condition changed from one status to another.'),
      observedGeneration: z
        .int()
        .optional()
        .describe('The `metadata.generation` that the condition was set for.'),
    }),
  )
  .max(32)
  .describe('Current conditions, one per step.')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

export const failure = z
  .object({
    reason: word.describe('CamelCase reason. docs/failures.md lists all of them.'),
    message: text.describe('Human-readable message: what failed, on which object, and how to fix it.'),
  })
  .describe('Why the request failed. Absent unless it failed.');

export const progress = z
  .object({
    bytesDone: count.describe('Number of bytes read from or written to the volume so far.'),
    totalBytes: count
      .optional()
      .describe('Estimated number of bytes to move. Absent until the mover reports it.'),
    filesDone: count.optional().describe('Number of files processed so far.'),
    totalFiles: count.optional().describe('Estimated number of files to move.'),
    updatedAt: time.describe('When the mover last reported progress.'),
  })
  .describe('Progress of the mover.');

const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';

/** The key of a label, with or without a domain before it. */
const qualifiedName = z
  .string()
  .regex(new RegExp(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}$`), 'is not the key of a label');

/** The key of an annotation; its domain may have capitals. */
const annotationKey = z
  .string()
  .regex(
    new RegExp(`^([A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?/)?${NAME}$`),
    'is not the key of an annotation',
  );

const labelValue = z
  .string()
  .max(63)
  .regex(new RegExp(`^(${NAME})?$`), 'is not the value of a label');

function isCarried(carried: Readonly<Record<string, string>>): boolean {
  return Object.entries(carried).join().length <= MAX_CARRIED;
}

/** The properties of a volume that are needed to create a similar one in another cluster. */
export const volume = z
  .object({
    pvcName: objectName.describe('Name of the PersistentVolumeClaim.'),
    namespace: objectName.describe('Namespace of the PersistentVolumeClaim, in the cluster of the backup.'),
    storageClassName: className
      .optional()
      .describe('StorageClass of the PersistentVolumeClaim. Absent if it had none.'),
    accessModes: z
      .array(
        z
          .string()
          .max(64)
          .regex(/^[A-Za-z]+$/, 'is not an access mode such as ReadWriteOnce'),
      )
      .max(8)
      .describe('Access modes of the PersistentVolumeClaim, for example `ReadWriteOnce`.'),
    volumeMode: z
      .enum(volumeModes)
      .describe('Whether the volume is used with a file system or as a raw block device.'),
    capacity: size.describe(
      'The largest of the requested size, the actual capacity and the restore size of the snapshot, as a quantity.',
    ),
    reclaimPolicy: z
      .string()
      .max(253)
      .regex(/^(Delete|Retain|Recycle)$/, 'is none of Delete, Retain and Recycle')
      .optional()
      .describe(
        'Reclaim policy of the PersistentVolume. `Recycle` is not restored; the volume then gets the policy of its StorageClass.',
      ),
    pvLabels: z
      .record(qualifiedName, labelValue)
      .optional()
      .describe(
        'Labels of the PersistentVolume, without those of Kubernetes, Velero and the CSI driver, which apply to the original volume only.',
      ),
    pvAnnotations: z
      .record(annotationKey, z.string().max(MAX_CARRIED_VALUE))
      .refine(isCarried, `holds more than ${String(MAX_CARRIED)} characters`)
      .optional()
      .describe('Annotations of the PersistentVolume, filtered like its labels.'),
  })
  .describe('The volume at the time of the backup.');

/** The root folder of a volume. */
export const rootFolder = z
  .object({
    mode: z
      .string()
      .max(4)
      .regex(/^[0-7]{1,4}$/, 'is not a mode such as 0755')
      .describe('Permission bits, in octal.'),
    uid: z.int().min(0).max(4294967294).describe('User id of the owner.'),
    gid: z.int().min(0).max(4294967294).describe('Group id.'),
    time: time.describe('Modification time, with a precision of one second.'),
  })
  .describe(
    'Attributes of the root folder of the volume, which snapshots do not contain. A restore sets them on the new volume. The access control list and extended attributes of the root folder are not recorded.',
  );

/** What a completed backup records: everything that a restore needs. */
export const backupResult = z
  .object({
    mover: moverName.describe(
      'Name of the mover that created the backup. A restore needs the same mover or one that can read its repositories.',
    ),
    repository: repositoryPath.describe(
      'Path of the repository below the base location, in the form prefix/cluster/namespace/pvc.',
    ),
    repositoryID: repositoryID
      .optional()
      .describe(
        'Identity of the repository, which differs from that of another repository at the same path. Data is removed only from the repository with this identity. Absent if the mover does not report it.',
      ),
    snapshotID: snapshotID
      .optional()
      .describe('Id of the snapshot in the repository. Absent only if `empty` is true.'),
    snapshotTime: foreignTime
      .optional()
      .describe('When the snapshot in the repository was completed, by the clock of the mover.'),
    bytes: count.optional().describe('Size of the data, in bytes.'),
    files: count.optional().describe('Number of files.'),
    uploadedBytes: count
      .optional()
      .describe('Number of bytes added to the repository, after deduplication and before compression.'),
    empty: z
      .boolean()
      .optional()
      .describe('True if the volume was empty. There is no snapshot in this case.'),
    rootFolder: rootFolder.optional(),
    notSaved: z
      .string()
      .max(2048)
      .optional()
      .describe(
        'What the volume contained and the snapshot does not: sockets, unreadable attributes, empty folders that the mover skips, attributes and access control lists of the root folder. The contents of all files are saved.',
      ),
    backupStorageLocation: objectName
      .optional()
      .describe(
        'Name of the BackupStorageLocation with the repository, in the cluster of the backup. Absent if the repository secret contains the location. For information only: a restore uses the class and the Velero backup.',
      ),
    consistency: consistency
      .optional()
      .describe(
        'PointInTime if all files are from the same moment, Live if they were read while the volume was in use.',
      ),
  })
  .describe('Result of the backup. Present only once it is proved.')
  .meta(
    rules({
      rule: 'has(self.snapshotID) || (has(self.empty) && self.empty)',
      message:
        'a result without snapshotID must have empty: true; a success that names no snapshot is not proved',
    }),
  );
