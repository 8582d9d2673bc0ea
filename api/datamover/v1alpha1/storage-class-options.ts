import { z } from 'zod';
import { accessModes, moverConfig, objectName } from './schema.ts';

/** How the source of a backup is made readable for the mover. */
export const captureMode = z.enum(['Snapshot', 'Live', 'SnapshotOrLive']);

export const storageClassOptions = z
  .object({
    capture: captureMode.optional().describe("Replaces the class's own `capture`."),
    volumeSnapshotClassName: objectName
      .optional()
      .describe(
        'VolumeSnapshotClass for the snapshots. The annotation `velero.io/csi-volumesnapshot-class` of a PVC wins over it.',
      ),
    stagingStorageClassName: objectName
      .optional()
      .describe(
        'StorageClass of the volume that is made from the snapshot, e.g. one for shallow volumes. Absent: that of the source.',
      ),
    stagingAccessModes: z
      .array(z.enum(accessModes))
      .min(1)
      .max(accessModes.length)
      .optional()
      .describe(
        'Access modes of that volume; `ReadOnlyMany` for shallow volumes. Absent: those of the source.',
      ),
    config: moverConfig
      .optional()
      .describe(
        "Settings for the mover that replace those of the class's `config` of the same names, such as the size of its cache. They hold for restores into this StorageClass too.",
      ),
  })
  .describe('What is special about volumes of one StorageClass.');

export type StorageClassOptions = z.infer<typeof storageClassOptions>;

/** Stands for every StorageClass that has no entry of its own, and for volumes without one. */
const ANY = '*';

/** What a DataMoverClass says about volumes of a StorageClass: the entry of its name, else that of `*`, never a mixture. */
export function optionsFor(
  { storageClasses = {} }: { storageClasses?: Record<string, StorageClassOptions> | undefined },
  storageClassName: string | undefined,
): StorageClassOptions {
  // Names are the users': one may be called like something that every object has.
  const entry = [storageClassName ?? ANY, ANY].find((name) => Object.hasOwn(storageClasses, name));
  return entry === undefined ? {} : (storageClasses[entry] ?? {});
}
