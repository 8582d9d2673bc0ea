import { z } from 'zod';
import { isSize } from '../../kubernetes/quantity.ts';
import { MAX_CARRIED, MAX_CARRIED_VALUE } from './owned-keys.ts';
import { rules } from '../../schema/rules.ts';

/**
 * Pieces that several kinds share. A zod schema is the one source of a kind's TypeScript type, of its
 * CustomResourceDefinition (hack/gen-crds.ts) and of its reference page; `.describe()` becomes the documentation of the field.
 *
 * Texts are bounded, so that the API server can bound the cost of the rules over them. The bounds are far above what
 * anything honest writes, since a status that is too long to be stored would hide the outcome it carries.
 */

/** A DNS-1123 subdomain, as names of objects are. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'is not a name of lower-case letters, digits, "-" and "."');

/** As {@link objectName}; empty for a claim that asks for no class. */
export const className = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/, 'is not a name of lower-case letters, digits, "-" and "."');

/** The name of a CSI driver, in the form that Kubernetes allows. */
export const csiDriver = z
  .string()
  .min(1)
  .max(63)
  .regex(
    /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/,
    'is not the name of a CSI driver: letters, digits, "-" and "."',
  );

/** How a volume shows to pods, and how many of them may use it; as in Kubernetes. */
export const volumeModes = ['Filesystem', 'Block'] as const;
export const accessModes = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'] as const;

/** The name of a mover. Vendors choose theirs. */
export const moverName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9 ._/-]*[A-Za-z0-9])?$/,
    'is not a name of letters, digits, ".", "_", "/", "-" and spaces',
  );

/** The size of a volume. The API server takes numbers that no volume can have; the controller does not. */
export const size = z
  .string()
  .max(64)
  .regex(/^[0-9]+(\.[0-9]+)?([eE][0-9]+|[KMGTPE]i|[kMGTPEm])?$/, 'is not a size such as 10Gi')
  .refine(isSize, 'is not a size below 8Ei');

/** A word or an identifier of another system. */
export const word = z.string().max(1024);

/** Characters of a mover's id of a snapshot. */
export const MAX_SNAPSHOT_ID = 1024;

/**
 * A mover's id of a snapshot. Whatever the mover, it is not an option, a path or more than one word: it becomes an argument of
 * the mover's programs. Each mover has a narrower pattern of its own, which the controller checks.
 */
export const snapshotID = z
  .string()
  .max(MAX_SNAPSHOT_ID)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:@=+-]*$/);

/** A text for people; the bound is the one of `metav1.Condition`. */
export const text = z.string().max(32768);

/** A path below the base that a repository secret names. */
export const repositoryPath = z
  .string()
  .max(4096)
  .regex(
    /^[A-Za-z0-9._/-]*$/,
    'is not the path of a repository: folders of letters, digits, ".", "_" and "-", joined by "/"',
  );

/** What a mover tells its repositories apart by. It becomes an argument of the mover, so it cannot look like an option. */
export const repositoryID = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/);

/** RFC 3339. */
export const time = z.iso.datetime();

/** Which of several installations in one cluster serves a request. */
export const installation = objectName.describe(
  "Velero's namespace of the installation that serves it. Set by the plugin. Absent: the installation of the class serves it. Only those who may `attest` may set it.",
);

/** RFC 3339 by somebody else's clock, in whatever zone. */
const foreignTime = z.iso.datetime({ offset: true, error: 'is not a time such as 2026-01-31T23:59:59Z' });

/** A count of bytes or files. */
export const count = z.int().min(0);

/** Anything the mover understands; the API server keeps it as it is and the mover's own schema checks it. */
export const moverConfig = z
  .looseObject({})
  .describe(
    "Settings for the mover, checked by the mover's own schema. What is set in a request wins over the class. What each of ours knows is in docs/movers/.",
  )
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });

/** Whether all that was read is of one moment. */
export const consistency = z.enum(['PointInTime', 'Live']);

/** How closely the result of a transfer is looked at before it counts. */
export const verifyLevels = ['None', 'Metadata', 'Data'] as const;

export const verification = z
  .object({
    level: z.enum(verifyLevels).describe('What is checked; that of the class when the mover was done.'),
    since: time.describe('When it began.'),
    doneAt: time.optional().describe('When it was found to be right. Absent before, and when it was not.'),
  })
  .describe('The check of what the mover has moved. Absent when the class wants none.');

/** A list of metav1.Condition, merged by type. */
export const conditions = z
  .array(
    z.object({
      type: z.string().min(1).max(316).describe('The step.'),
      status: z
        .enum(['True', 'False', 'Unknown'])
        .describe('True once the step is behind the request, False with a reason while it is not.'),
      reason: z.string().max(1024).describe('One word for machines.'),
      message: text.describe('The same for people.'),
      lastTransitionTime: time.describe('When `status` last changed.'),
      observedGeneration: z.int().optional().describe('The generation of the object it speaks of.'),
    }),
  )
  .max(32)
  .describe('Steps behind this request, one condition each.')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

export const failure = z
  .object({
    reason: word.describe('One word for machines; the table is in docs/failures.md.'),
    message: text.describe('What went wrong, with which object, and what to do.'),
  })
  .describe('Why the request failed. Absent while it has not.');

export const progress = z
  .object({
    bytesDone: count.describe('Bytes read from or written to the volume so far.'),
    totalBytes: count
      .optional()
      .describe('Bytes to move, as far as the mover knows. Absent before it knows.'),
    filesDone: count.optional().describe('Files behind it so far.'),
    totalFiles: count.optional().describe('Files to move, as far as the mover knows.'),
    updatedAt: time.describe('When the mover last said so.'),
  })
  .describe('How far the mover is.');

export const queue = z
  .object({
    ahead: count.describe(
      'Requests that will be admitted before this one. Up to ten it is kept current within half a minute; a longer line is told when half of it is gone.',
    ),
    reason: text.describe('What it waits for.'),
  })
  .describe('Present while the request waits for a place.');

const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';

/** The key of a label, with or without a domain before it. */
const qualifiedName = z
  .string()
  .regex(new RegExp(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}$`), 'is not the key of a label');

/** Of an annotation; its domain may have capitals. */
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

/** What a volume looked like: enough to make one like it in another cluster. */
export const volume = z
  .object({
    pvcName: objectName.describe('Name of the PersistentVolumeClaim.'),
    namespace: objectName.describe('Its namespace, in the cluster of the backup.'),
    storageClassName: className.optional().describe('Its storage class. Absent: it named none.'),
    accessModes: z
      .array(
        z
          .string()
          .max(64)
          .regex(/^[A-Za-z]+$/, 'is not an access mode such as ReadWriteOnce'),
      )
      .max(8)
      .describe('Its access modes, e.g. `ReadWriteOnce`.'),
    volumeMode: z.enum(volumeModes).describe('Whether pods see files or a raw device.'),
    capacity: size.describe(
      'The largest of the requested size, the real capacity and what the snapshot needs to be restored, as a Kubernetes quantity.',
    ),
    reclaimPolicy: z
      .string()
      .max(253)
      .regex(/^(Delete|Retain|Recycle)$/, 'is none of Delete, Retain and Recycle')
      .optional()
      .describe(
        "The backed-up PersistentVolume's reclaim policy. `Recycle` is not restored: the volume then has the policy of its StorageClass.",
      ),
    pvLabels: z
      .record(qualifiedName, labelValue)
      .optional()
      .describe(
        "The backed-up PersistentVolume's labels, without those of Kubernetes, Velero and its driver, which speak of that one volume.",
      ),
    pvAnnotations: z
      .record(annotationKey, z.string().max(MAX_CARRIED_VALUE))
      .refine(isCarried, `holds more than ${String(MAX_CARRIED)} characters`)
      .optional()
      .describe('Its annotations, chosen alike.'),
  })
  .describe('The volume as it was.');

/** The folder that holds everything else of a volume. */
export const rootFolder = z
  .object({
    mode: z
      .string()
      .max(4)
      .regex(/^[0-7]{1,4}$/, 'is not a mode such as 0755')
      .describe('Its permissions, in octal.'),
    uid: z.int().min(0).max(4294967294).describe('Its owner.'),
    gid: z.int().min(0).max(4294967294).describe('Its group.'),
    time: time.describe('When it was changed last, to the second.'),
  })
  .describe(
    "The volume's root folder, which no snapshot holds: a restore gives the new volume's root these. Its access control list and its other attributes are not recorded.",
  );

/** What a finished backup records, and all that a restore needs. */
export const backupResult = z
  .object({
    mover: moverName.describe(
      'The mover that made it; a restore needs the same one or one that reads its repositories.',
    ),
    repository: repositoryPath.describe(
      'Path of the repository below the base that the repository secret names: prefix/cluster/namespace/pvc.',
    ),
    repositoryID: repositoryID
      .optional()
      .describe(
        "The repository's own identity: another one at the same path has another. Data is removed only from the repository with this identity. Absent where the mover does not tell it.",
      ),
    snapshotID: snapshotID.optional().describe("The mover's id of the snapshot. Absent only when `empty`."),
    snapshotTime: foreignTime
      .optional()
      .describe("When the mover's snapshot was complete, by the mover's clock."),
    bytes: count.optional().describe('Size of the data.'),
    files: count.optional().describe('Number of files.'),
    uploadedBytes: count
      .optional()
      .describe('What was added to the repository, after deduplication, before compression.'),
    empty: z.boolean().optional().describe('True when the volume held nothing; no snapshot exists then.'),
    rootFolder: rootFolder.optional(),
    notSaved: z
      .string()
      .max(2048)
      .optional()
      .describe(
        'What the volume held and the snapshot does not: sockets, attributes that could not be read, empty folders that the mover leaves out, attributes and access control lists of the root folder. All contents of files are there.',
      ),
    backupStorageLocation: objectName
      .optional()
      .describe(
        "The BackupStorageLocation that holds the repository, by its name in the cluster of the backup. Absent when the repository secret says where that is. For people: a restore asks the class and Velero's own backup.",
      ),
    consistency: consistency
      .optional()
      .describe(
        'PointInTime: all files are of one moment. Live: they were read while the volume was in use.',
      ),
  })
  .describe('What the backup produced. Present only when it is proved.')
  .meta(
    rules({
      rule: 'has(self.snapshotID) || (has(self.empty) && self.empty)',
      message:
        'a result without snapshotID must say empty: true; a success that names no snapshot is not proved',
    }),
  );

/** How a request's status begins; the kind puts its phases before them. */
export const requestStatus = {
  message: text.optional().describe('The same for people, one line.'),
  observedGeneration: z.int().optional().describe('The generation of the spec that was last acted on.'),
  servedBy: word
    .optional()
    .describe(
      "The controller that serves it, as namespace and name of that controller's Lease, e.g. `velero/datamover-controller`. No other controller touches the request.",
    ),
  startTimestamp: time.optional().describe('When the controller took the request up.'),
  completionTimestamp: time.optional().describe('When it reached its last phase.'),
};

/** What the status of every request says that waits for a place and then has a mover work for it. */
export const movingStatus = {
  repositoryPath: repositoryPath
    .optional()
    .describe('Path of the repository it uses; requests for one repository run one after another.'),
  queue: queue.optional(),
  node: word.optional().describe('The node on which its mover runs or has to run, as far as that is known.'),
  admittedAt: time.optional().describe('When a place was given.'),
  movingSince: time.optional().describe('When the mover was asked to start.'),
};

/** What the status of a request says that is tried again when it fails. */
export const retriedStatus = {
  failedTries: count.optional().describe('How often it has failed.'),
  lastFailure: failure.describe('Why the last try failed.').optional(),
  retryAt: time.optional().describe('When it is tried again. Absent while it is not waiting for that.'),
};
