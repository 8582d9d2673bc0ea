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

/** The conditions of a class until a controller with its mover has reconciled it; without such a controller they stay. */
const UNSEEN = ['Accepted', 'Ready'].map((type) => ({
  type,
  status: 'Unknown',
  reason: 'Pending',
  message: 'no controller that has this mover has looked at the class yet',
  lastTransitionTime: '1970-01-01T00:00:00Z',
}));

/** The most names in a list. */
const MAX_NAMES = 64;

const volumes = z
  .object({
    volumeModes: z
      .array(z.enum(volumeModes))
      .min(1)
      .max(volumeModes.length)
      .optional()
      .describe(
        'Volume modes. If absent, those that the mover supports according to `status.capabilities`. A listed mode that the mover does not support fails the request.',
      ),
    storageClassNames: z
      .array(className)
      .min(1)
      .max(MAX_NAMES)
      .optional()
      .describe(
        'Names of StorageClasses; an empty name selects volumes without one. If absent, all volumes are selected.',
      ),
    drivers: z
      .array(csiDriver)
      .min(1)
      .max(MAX_NAMES)
      .optional()
      .describe(
        'Names of CSI drivers. If absent, all volumes are selected, also those without a CSI driver.',
      ),
    maxSize: size
      .optional()
      .describe('Maximum size of a volume, as a quantity. If absent, there is no limit.'),
  })
  .describe(
    'Which volumes the class takes in a backup. A volume must match each field that is set. If no class takes it, it is left to Velero with a warning; if the class was named explicitly, the backup of the volume fails. Restores ignore this field.',
  );

/** 20 days: longer than any step, and in milliseconds still below the limit of a timer. */
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
        'Name of the mover. A controller serves the classes of the movers it has and ignores other classes. Immutable.',
      ),
    selector: z
      .string()
      .max(4096)
      .optional()
      .describe(
        'Label selector for PVCs, in the syntax of `kubectl --selector`. A bare key selects the PVCs with that label. If absent, the class is used only by name or as the default.',
      ),
    installation: objectName
      .optional()
      .describe(
        "Velero's namespace of the only installation that may use the class, for clusters with several installations. If absent, all may use it. Can be set later, once.",
      ),
    volumes: volumes.optional(),
    config: moverConfig.optional(),
    capture: captureMode
      .default('Snapshot')
      .describe(
        'How the data is captured. `Snapshot`: from a CSI snapshot; volumes without snapshot support fail. `Live`: volumes are read while they are in use, so a backup may contain files from different moments. `SnapshotOrLive`: live only if the driver cannot take snapshots.',
      ),
    storageClasses: z
      .record(z.string(), storageClassOptions)
      .optional()
      .describe('Overrides per StorageClass, by name. `*` applies to all StorageClasses without an entry.'),
    verify: z
      .enum(verifyLevels)
      .default('None')
      .describe(
        'How a separate process verifies the result of backups and restores. `None`: no verification beyond the report of the mover. `Metadata`: verifies that the repository contains the snapshot with the number of files and bytes that the mover reported. `Data`: also reads the whole snapshot back from the repository and compares it with the volume.',
      ),
    limits: z
      .object({
        backups: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Maximum number of backups of this class that move data at the same time.'),
        restores: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Maximum number of restores of this class that move data at the same time.'),
        backupsPerNode: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Maximum number of backups, of any class, that move data on one node at the same time.'),
        restoresPerNode: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(10)
          .describe('Maximum number of restores, of any class, that move data on one node at the same time.'),
        deletes: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(2)
          .describe('Maximum number of DataMoverDeletes of this class that run at the same time.'),
        prunes: z
          .int()
          .min(1)
          .max(MAX_AT_ONCE)
          .default(1)
          .describe('Maximum number of repositories of this class that are pruned at the same time.'),
      })
      .prefault({})
      .describe('Concurrency limits.'),
    repositories: z
      .object({
        pruneIntervalSeconds: z
          .int()
          .min(0)
          .max(MAX_SECONDS)
          .default(24 * 3600)
          .describe(
            'Time between the first removal since the last prune and the next prune of a repository, in seconds. Removed data takes space until then. 0 prunes as soon as no other request uses the repository. A repository without removals is not pruned.',
          ),
        removeEmpty: z
          .boolean()
          .default(false)
          .describe(
            'Whether to delete a repository from the storage if a prune finds no snapshot in it and no request waits for it. A later backup creates it again.',
          ),
      })
      .prefault({})
      .describe('Maintenance of repositories.'),
    deadlines: z
      .object({
        captureSeconds: deadline('Time from the start of the request until the snapshot is taken.', 600),
        stagingSeconds: deadline('Time from admission until the staging volume is available.', 1800),
        moverStartSeconds: deadline('Time from the start of the mover until its pod runs.', 900),
        noProgressSeconds: deadline('Time without progress of a running mover.', 3600),
        handOverSeconds: deadline('Time from restored data until the destination PVC is bound.', 900),
        destinationSeconds: deadline('Time that a restore waits for its destination PVC.', 900),
        totalSeconds: deadline(
          'Time from admission until the transfer and its verification end, regardless of progress. Time in the queue does not count.',
          604_800,
        ),
        cleanUpSeconds: deadline(
          'Time from the outcome until all created objects are deleted. It does not fail the request; condition `CleanedUp` names what remains.',
          300,
        ),
      })
      .prefault({})
      .describe('Deadlines of the steps. A step that exceeds its deadline fails the request.'),
  })
  .describe('Desired configuration: the mover, the PVCs that it serves, and its settings.')
  .meta(
    rules(
      immutable('mover', 'make another class, as what one mover has saved another one may not read'),
      settableOnce('installation'),
    ),
  );

export const dataMoverClassStatus = z
  .object({
    observedGeneration: z
      .int()
      .optional()
      .describe('The `metadata.generation` that the controller last observed.'),
    matchedClaims: z
      .int()
      .min(0)
      .optional()
      .describe(
        "Number of PersistentVolumeClaims that resolve to this class, by annotation, by selector or because it is the default. PVCs in Velero's namespace are not counted.",
      ),
    capabilities: z
      .object({
        volumeModes: z
          .array(z.enum(volumeModes))
          .max(volumeModes.length)
          .describe('Volume modes that the mover supports.'),
        accessModes: z
          .array(z.enum(accessModes))
          .max(accessModes.length)
          .describe('Access modes that the mover supports. A volume must have one of them.'),
      })
      .optional()
      .describe(
        'Capabilities of the mover. Absent until a controller reports them; the class then takes volumes of all modes.',
      ),
    inUse: z
      .object({
        requests: z.int().min(1).describe('Number of requests.'),
        names: z.array(z.string().max(600)).max(10).describe('Kind, namespace and name of the first ten.'),
      })
      .optional()
      .describe(
        'Active requests of this class. The class is not deleted before they end. Absent if there are none. Updated within seconds.',
      ),
    conditions: conditions
      .optional()
      .describe('Current conditions. `Ready` is True if all others are. Requests do not wait for them.'),
  })
  .describe('Observed state.')
  .meta({ default: { conditions: UNSEEN } });

export type DataMoverClassSpec = z.infer<typeof dataMoverClassSpec>;
export type DataMoverClassStatus = z.infer<typeof dataMoverClassStatus>;

/** Assigns a mover and its configuration to PVCs. Cluster-scoped, like StorageClass. */
export interface DataMoverClass extends Resource {
  spec: DataMoverClassSpec;
  status?: DataMoverClassStatus;
}
