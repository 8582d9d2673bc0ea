import { z } from 'zod';
import type { Resource } from '../../kubernetes/meta.ts';
import { immutable, rules, settableOnce } from '../../schema/rules.ts';
import {
  accessModes,
  className,
  conditions,
  csiDriver,
  moverConfig,
  objectName,
  size,
  verifyLevels,
  volumeModes,
} from './schema.ts';
import { captureMode, storageClassOptions } from './storage-class-options.ts';

/** What a class says of itself until a controller that has its mover looks at it; one whose mover nobody has says so for ever. */
const UNSEEN = ['Accepted', 'Ready'].map((type) => ({
  type,
  status: 'Unknown',
  reason: 'Pending',
  message: 'no controller that has this mover has looked at the class yet',
  lastTransitionTime: '1970-01-01T00:00:00Z',
}));

/** Names in a list of a class. */
const MAX_NAMES = 64;

const volumes = z
  .object({
    volumeModes: z
      .array(z.enum(volumeModes))
      .min(1)
      .max(volumeModes.length)
      .optional()
      .describe(
        'Modes of the volumes. Absent: those that the mover can move, as `status.capabilities` has them. A mode that is named here and that the mover cannot move fails the request.',
      ),
    storageClassNames: z
      .array(className)
      .min(1)
      .max(MAX_NAMES)
      .optional()
      .describe(
        'Names of their StorageClasses; an empty name for volumes without one. Absent: all, and those without.',
      ),
    drivers: z
      .array(csiDriver)
      .min(1)
      .max(MAX_NAMES)
      .optional()
      .describe('Names of their CSI drivers. Absent: all, and volumes without a CSI driver.'),
    maxSize: size
      .optional()
      .describe('The size of the largest volume, as a Kubernetes quantity. Absent: no limit.'),
  })
  .describe(
    'Which volumes the class takes in a backup. A volume must meet each field that is set. It is left to Velero, with a warning, if no class takes it; if the class was named for it, the backup of the volume fails. Restores do not look at it.',
  );

/** 20 days: longer than any step lasts, and in milliseconds still a number that a timer can hold. */
const MAX_SECONDS = 20 * 24 * 3600;
const MAX_AT_ONCE = 1000;

const deadline = (description: string, byDefault: number) =>
  z.int().min(1).max(MAX_SECONDS).default(byDefault).describe(`${description} In seconds.`);

export const dataMoverClassSpec = z
  .object({
    mover: z
      .string()
      .min(1)
      .max(253)
      .describe(
        'Name of the mover that serves this class. Each controller serves the movers it has and leaves other classes alone.',
      ),
    selector: z
      .string()
      .max(4096)
      .optional()
      .describe(
        'Label selector over PVCs, in the syntax of `kubectl --selector`; a bare key selects the PVCs that have that label. Absent: the class is used only by name or as the default.',
      ),
    installation: objectName
      .optional()
      .describe(
        "Velero's namespace of the only installation that may use the class, where a cluster has several. Absent: all may use it. Can be set later, once.",
      ),
    volumes: volumes.optional(),
    config: moverConfig.optional(),
    capture: captureMode
      .default('Snapshot')
      .describe(
        '`Snapshot`: only what can be snapshotted is backed up. `Live`: volumes are read while they are in use, so a backup may hold files of different moments. `SnapshotOrLive`: live where the driver cannot take snapshots.',
      ),
    storageClasses: z
      .record(z.string(), storageClassOptions)
      .optional()
      .describe(
        'What is special about volumes, by the name of their StorageClass; `*` stands for all that have no entry of their own.',
      ),
    verify: z
      .enum(verifyLevels)
      .default('None')
      .describe(
        'How the result of a transfer is checked by another process before it counts, for backups and restores alike. `None`: the word of the mover is enough. `Metadata`: the repository holds the snapshot, with the number of files and bytes that the mover reported. `Data`: all of the snapshot is read back from the repository too, and compared with the volume.',
      ),
    limits: z
      .object({
        backups: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Backups of this class that move data at the same time.'),
        restores: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Restores of this class that move data at the same time.'),
        backupsPerNode: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Backups, of whatever class, that move data on one node at the same time.'),
        restoresPerNode: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Restores, of whatever class, that move data on one node at the same time.'),
        deletes: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(2)
          .describe('Removals of data of this class that run at the same time.'),
        prunes: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(1)
          .describe('Repositories of this class that are pruned at the same time.'),
      })
      .prefault({})
      .describe('How much may run at once.'),
    repositories: z
      .object({
        pruneIntervalSeconds: z
          .int()
          .min(0)
          .max(MAX_SECONDS)
          .default(24 * 3600)
          .describe(
            'How long data that was removed may go on taking space. A repository is pruned this long after the first removal since its last prune, hence at most this often, and never without a removal. 0: as soon as nothing else uses it. In seconds.',
          ),
        removeEmpty: z
          .boolean()
          .default(false)
          .describe(
            'Whether a repository goes from the storage when a prune finds no snapshot in it, unless a request waits for it. A later backup makes it anew.',
          ),
      })
      .prefault({})
      .describe('The care of repositories.'),
    deadlines: z
      .object({
        captureSeconds: deadline('From the request to a cut snapshot.', 600),
        stagingSeconds: deadline('From admission to a staging volume.', 1800),
        moverStartSeconds: deadline('From the start of the mover to its running pod.', 900),
        noProgressSeconds: deadline('The longest silence of a running mover.', 3600),
        handOverSeconds: deadline('From restored data to a bound destination claim.', 900),
        destinationSeconds: deadline('How long a restore waits for its destination PVC.', 900),
        totalSeconds: deadline(
          'From admission to the end of the transfer and its verification, however well they move on; the queue does not count.',
          604_800,
        ),
        cleanUpSeconds: deadline(
          'From the outcome until all that was made is gone. It fails nothing: the request ends, and condition `CleanedUp` names what is left.',
          300,
        ),
      })
      .prefault({})
      .describe('After how long a step that does not move on fails the request.'),
  })
  .describe('Which mover, for which PVCs, with which settings.')
  .meta(
    rules(
      immutable('mover', 'make another class, as what one mover has saved another one may not read'),
      settableOnce('installation'),
    ),
  );

export const dataMoverClassStatus = z
  .object({
    observedGeneration: z.int().optional().describe('The generation of the spec that was last looked at.'),
    matchedClaims: z
      .int()
      .min(0)
      .optional()
      .describe(
        "PersistentVolumeClaims that get this class: by their annotation, by its selector, or as it is the default. Those in Velero's namespace are not counted.",
      ),
    capabilities: z
      .object({
        volumeModes: z
          .array(z.enum(volumeModes))
          .max(volumeModes.length)
          .describe('Modes of the volumes that it can move.'),
        accessModes: z
          .array(z.enum(accessModes))
          .max(accessModes.length)
          .describe('Access modes that it can use. A volume must have one of them.'),
      })
      .optional()
      .describe(
        'What the mover can do. Absent while no controller has written it: the class then gets volumes of all modes.',
      ),
    inUse: z
      .object({
        requests: z.int().min(1).describe('How many.'),
        names: z
          .array(z.string().max(600))
          .max(10)
          .describe('The first ten of them: kind, namespace and name.'),
      })
      .optional()
      .describe(
        'Requests that have this class and have not ended. The class stays until they have. Absent while there are none; brought up to date within seconds.',
      ),
    conditions: conditions
      .optional()
      .describe('Whether the class can work now; `Ready` sums the others up. No request waits for them.'),
  })
  .describe('What the controller thinks of the class.')
  .meta({ default: { conditions: UNSEEN } });

export type DataMoverClassSpec = z.infer<typeof dataMoverClassSpec>;
export type DataMoverClassStatus = z.infer<typeof dataMoverClassStatus>;

/** Which mover serves which PVCs, and how. Cluster-scoped, as StorageClass is. */
export interface DataMoverClass extends Resource {
  spec: DataMoverClassSpec;
  status?: DataMoverClassStatus;
}
