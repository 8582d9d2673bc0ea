import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import type { ChildIdentity } from '../../lifecycle/request/child-identity.ts';

/** A snapshot of an application's claim, as recorded when it was taken. */
export interface Capture {
  driver?: string | undefined;
  snapshotHandle?: string | undefined;
  volumeSnapshotContent?: string | undefined;
}

/** The input for the second VolumeSnapshotContent of a captured snapshot. */
export interface StagingContentSource {
  /** The protected namespace. */
  namespace: string;
  capture: Capture;
  /** The mode of the staging volume; used if the original content has none. */
  volumeMode: 'Filesystem' | 'Block';
  /** The content of the capture; `undefined` if it was deleted. */
  original: VolumeSnapshotContent | undefined;
  classes: readonly VolumeSnapshotClass[];
}

/** Domain of the labels and annotations that the snapshot controller and the drivers' snapshotters read. */
const SNAPSHOT_DOMAIN = 'snapshot.storage.kubernetes.io/';

/** Annotations about the state of one content, which must not be copied. */
const STATES: ReadonlySet<string> = new Set([
  `${SNAPSHOT_DOMAIN}volumesnapshot-being-created`,
  `${SNAPSHOT_DOMAIN}volumesnapshot-being-deleted`,
]);

/**
 * Returns a static content for the handle of a captured snapshot, with everything that a driver needs to read the snapshot's
 * state: the class with the list secret, the label by which a snapshotter on the volume's node finds it, and the names of
 * secrets. Its policy is Retain, so its deletion does not delete the snapshot: the handle belongs to the original.
 */
export function stagingContent(
  { name, labels, annotations }: ChildIdentity,
  source: StagingContentSource,
): VolumeSnapshotContent {
  const { namespace, capture, volumeMode, original } = source;
  const apiVersion = 'snapshot.storage.k8s.io/v1';
  const className = usableClass(source);
  return {
    apiVersion,
    kind: 'VolumeSnapshotContent',
    metadata: {
      name,
      labels: { ...ofSnapshotter(original?.metadata.labels), ...labels },
      annotations: { ...ofSnapshotter(original?.metadata.annotations), ...annotations },
    },
    spec: {
      deletionPolicy: 'Retain',
      driver: capture.driver ?? '',
      source: { snapshotHandle: capture.snapshotHandle ?? '' },
      sourceVolumeMode: original?.spec.sourceVolumeMode ?? volumeMode,
      ...(className !== undefined && { volumeSnapshotClassName: className }),
      volumeSnapshotRef: { apiVersion, kind: 'VolumeSnapshot', namespace, name },
    },
  };
}

/**
 * Returns the class of the original. A snapshotter rejects a content whose class was deleted, and ignores one whose class has
 * another driver.
 */
function usableClass({ original, classes, capture }: StagingContentSource): string | undefined {
  const named = original?.spec.volumeSnapshotClassName;
  return classes.find(({ metadata, driver }) => metadata.name === named && driver === capture.driver)
    ?.metadata.name;
}

function ofSnapshotter(all: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).filter(([key]) => key.startsWith(SNAPSHOT_DOMAIN) && !STATES.has(key)),
  );
}
