import type { VolumeSnapshotClass } from '../../api/kubernetes/snapshot.ts';

export interface SnapshotClassProblem {
  problem: string;
  unsupported: boolean;
}

/** Velero's annotation and label for the same choice, so users configure it once. */
export const SNAPSHOT_CLASS_ANNOTATION = 'velero.io/csi-volumesnapshot-class';
const VELERO_LABEL = 'velero.io/csi-volumesnapshot-class';
const DEFAULT_ANNOTATION = 'snapshot.storage.kubernetes.io/is-default-class';

/**
 * Returns the VolumeSnapshotClass for a driver: the named one, else the one with Velero's label, else the default one, else the
 * only one. Otherwise returns the problem; `unsupported` means that the driver has no class.
 */
export function chooseSnapshotClass(
  classes: readonly VolumeSnapshotClass[],
  driver: string,
  named: string | undefined,
): { name: string } | SnapshotClassProblem {
  if (named !== undefined) return chooseNamed(classes, driver, named);
  const candidates = classes.filter((c) => c.driver === driver);
  const labelled = candidates.filter((c) => c.metadata.labels?.[VELERO_LABEL] === 'true');
  const defaults = candidates.filter((c) => c.metadata.annotations?.[DEFAULT_ANNOTATION] === 'true');
  for (const group of [labelled, defaults, candidates]) {
    const [only] = group;
    if (group.length === 1 && only !== undefined) return { name: only.metadata.name };
  }
  const names = candidates.map((c) => c.metadata.name).join(', ');
  return {
    unsupported: candidates.length === 0,
    problem:
      candidates.length === 0
        ? `no VolumeSnapshotClass exists for the CSI driver ${driver}; create one`
        : `several VolumeSnapshotClasses exist for the CSI driver ${driver} (${names}); label one with ${VELERO_LABEL}=true`,
  };
}

function chooseNamed(
  classes: readonly VolumeSnapshotClass[],
  driver: string,
  named: string,
): { name: string } | SnapshotClassProblem {
  const found = classes.find((c) => c.metadata.name === named);
  if (found === undefined)
    return { unsupported: false, problem: `VolumeSnapshotClass ${named} does not exist` };
  if (found.driver !== driver) {
    return {
      unsupported: false,
      problem: `VolumeSnapshotClass ${named} is for the driver ${found.driver}, the volume is of ${driver}`,
    };
  }
  return { name: named };
}
