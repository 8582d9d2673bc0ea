import { z } from 'zod';
import { accessModes, moverConfig, objectName } from './schema.ts';

/** How a mover reads the source of a backup. */
export const captureMode = z.enum(['Snapshot', 'Live', 'SnapshotOrLive']);

export const storageClassOptions = z
  .object({
    capture: captureMode.optional().describe('Overrides `capture` of the class.'),
    volumeSnapshotClassName: objectName
      .optional()
      .describe(
        'Name of the VolumeSnapshotClass. The annotation `velero.io/csi-volumesnapshot-class` of a PVC overrides it.',
      ),
    stagingStorageClassName: objectName
      .optional()
      .describe(
        'StorageClass of the volume that is created from the snapshot, for example one for shallow volumes. Defaults to that of the source.',
      ),
    stagingAccessModes: z
      .array(z.enum(accessModes))
      .min(1)
      .max(accessModes.length)
      .optional()
      .describe(
        'Access modes of that volume, for example `ReadOnlyMany` for shallow volumes. Defaults to those of the source.',
      ),
    config: moverConfig
      .optional()
      .describe(
        'Settings of the mover that override those in `config` of the class, such as the size of the cache. They apply to restores into this StorageClass too.',
      ),
  })
  .describe('Overrides for volumes of one StorageClass.');

export type StorageClassOptions = z.infer<typeof storageClassOptions>;

/** Applies to every StorageClass without its own entry, and to volumes without a StorageClass. */
const ANY = '*';

/** Returns the options of a DataMoverClass for a StorageClass: its entry, else the entry `*`; entries are never merged. */
export function optionsFor(
  { storageClasses = {} }: { storageClasses?: Record<string, StorageClassOptions> | undefined },
  storageClassName: string | undefined,
): StorageClassOptions {
  // Users choose the names: one may be equal to a property of Object.prototype.
  const entry = [storageClassName ?? ANY, ANY].find((name) => Object.hasOwn(storageClasses, name));
  return entry === undefined ? {} : (storageClasses[entry] ?? {});
}
