import type { PersistentVolume, PersistentVolumeClaim } from '../../kubernetes/core.ts';
import { isSize, parseQuantity } from '../../kubernetes/quantity.ts';
import type { DataMoverClass } from './data-mover-class.ts';

/** The properties of a volume that a class may check. An absent one is unknown and excludes no class. */
export interface VolumeFacts {
  volumeMode?: 'Filesystem' | 'Block' | undefined;
  accessModes?: readonly string[] | undefined;
  /** Empty if the volume has no class. */
  storageClassName?: string | undefined;
  /** The CSI driver. Empty if the volume is not a CSI volume. */
  driver?: string | undefined;
  /** In bytes. */
  size?: number | undefined;
}

/** Returns the facts of a bound claim. `volume` is its PersistentVolume, if it was read. */
export function volumeFactsOf(
  { spec, status }: PersistentVolumeClaim,
  volume: PersistentVolume | undefined,
): VolumeFacts {
  const { volumeMode = 'Filesystem', accessModes, storageClassName } = spec;
  const ofVolume = volume === undefined ? {} : factsOfVolume(volume);
  return {
    volumeMode,
    accessModes,
    size: sizeOf(status?.capacity),
    ...ofVolume,
    storageClassName: storageClassName ?? ofVolume.storageClassName,
  };
}

function factsOfVolume({ spec }: PersistentVolume): VolumeFacts {
  const { capacity, csi, storageClassName = '' } = spec;
  return {
    storageClassName,
    driver: csi?.driver ?? '',
    ...(capacity !== undefined && { size: sizeOf(capacity) }),
  };
}

function sizeOf(capacity: Readonly<Record<string, string>> = {}): number | undefined {
  const { storage = '' } = capacity;
  return isSize(storage) ? parseQuantity(storage) : undefined;
}

/** Returns true if the class checks facts that only the PersistentVolume has. */
export function looksAtVolume({ spec: { volumes = {} } }: Pick<DataMoverClass, 'spec'>): boolean {
  return [volumes.storageClassNames, volumes.drivers, volumes.maxSize].some((limit) => limit !== undefined);
}

type Chooser = Pick<DataMoverClass, 'spec' | 'status'>;

/**
 * Returns why the class does not take the volume; `undefined` if it does. Without modes in `spec.volumes`, the modes that the
 * mover supports count, if the status of the class has them. A mode in `spec.volumes` is taken even if the mover does not
 * support it: such a backup fails instead of being skipped.
 */
export function misfitOf(chooser: Chooser, volume: VolumeFacts): string | undefined {
  for (const check of CHECKS) {
    const misfit = check(chooser, volume);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

const CHECKS: readonly ((chooser: Chooser, volume: VolumeFacts) => string | undefined)[] = [
  modeMisfit,
  accessMisfit,
  storageClassMisfit,
  driverMisfit,
  sizeMisfit,
];

function modeMisfit({ spec, status }: Chooser, { volumeMode }: VolumeFacts): string | undefined {
  const wanted = spec.volumes?.volumeModes;
  const possible = wanted ?? status?.capabilities?.volumeModes;
  if (volumeMode === undefined || possible === undefined || possible.includes(volumeMode)) return undefined;
  return wanted === undefined
    ? `its volumeMode is ${volumeMode}, which mover ${spec.mover} cannot move`
    : `its volumeMode is ${volumeMode}, and spec.volumes.volumeModes of the class is ${wanted.join(', ')}`;
}

function accessMisfit({ spec, status }: Chooser, { accessModes = [] }: VolumeFacts): string | undefined {
  const possible: readonly string[] | undefined = status?.capabilities?.accessModes;
  if (possible === undefined || accessModes.length === 0) return undefined;
  if (accessModes.some((mode) => possible.includes(mode))) return undefined;
  return `its accessModes are ${accessModes.join(', ')}, of which mover ${spec.mover} can use none`;
}

function storageClassMisfit({ spec }: Chooser, { storageClassName }: VolumeFacts): string | undefined {
  const wanted = spec.volumes?.storageClassNames;
  if (wanted === undefined || storageClassName === undefined || wanted.includes(storageClassName))
    return undefined;
  const own =
    storageClassName === '' ? 'it has no storage class' : `its storage class is ${storageClassName}`;
  return `${own}, which spec.volumes.storageClassNames of the class does not have`;
}

function driverMisfit({ spec }: Chooser, { driver }: VolumeFacts): string | undefined {
  const wanted = spec.volumes?.drivers;
  if (wanted === undefined || driver === undefined || wanted.includes(driver)) return undefined;
  const own = driver === '' ? 'no CSI driver provides it' : `its CSI driver is ${driver}`;
  return `${own}, which spec.volumes.drivers of the class does not have`;
}

function sizeMisfit({ spec }: Chooser, { size }: VolumeFacts): string | undefined {
  const most = spec.volumes?.maxSize;
  if (most === undefined) return undefined;
  if (!isSize(most)) return `spec.volumes.maxSize of the class is ${JSON.stringify(most)}, which is no size`;
  if (size === undefined || size <= parseQuantity(most)) return undefined;
  return `it has ${String(size)} bytes, and spec.volumes.maxSize of the class is ${most}`;
}
