import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/external/core.ts';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from '../../api/external/snapshot.ts';
import { formatKey, keyOf } from '../../api/meta.ts';
import { labels } from '../../api/v1alpha1/keys.ts';
import type { BackupScope } from './scope.ts';
import { checkpoint, done, failed, waiting, type StepResult, type Waiting } from '../request/step.ts';
import { chooseSnapshotClass, SNAPSHOT_CLASS_ANNOTATION } from '../exposure/snapshot-class.ts';
import { isBoundTo } from '../exposure/snapshot-content.ts';
import { describeVolume } from './volume-record.ts';

/**
 * Fixes the state of the source: after this step the application may write again without changing the backup.
 * Velero's hooks wait for it (architecture, decision 13), so it comes before admission and does as little as it can.
 */
export async function captureSource(scope: BackupScope): Promise<StepResult> {
  if (scope.status.capture !== undefined) return done;
  const { dataSourceRef } = scope.backup.spec;
  switch (dataSourceRef.kind) {
    case 'PersistentVolumeClaim':
      return captureClaim(scope, dataSourceRef.name);
    case 'VolumeSnapshot':
      return adoptSnapshot(scope, dataSourceRef.name);
    case 'VolumeSnapshotContent':
      return adoptContent(scope, dataSourceRef.name);
  }
}

async function captureClaim(scope: BackupScope, name: string): Promise<StepResult> {
  const source = await findSource(scope, name);
  if ('state' in source) return source;
  const driver = source.volume.spec.csi?.driver;
  if (driver === undefined) {
    return failed(
      'SnapshotNotSupported',
      `PersistentVolumeClaim ${scope.namespace}/${name} is on PersistentVolume ${source.volume.metadata.name}, which is not a CSI volume and cannot be snapshotted`,
    );
  }
  const snapshot = scope.env.listers.snapshots.get(`${scope.namespace}/${scope.child.name}`);
  if (snapshot === undefined) return takeSnapshot(scope, source.claim, driver);
  return awaitCut(scope, source, snapshot);
}

async function takeSnapshot(
  scope: BackupScope,
  claim: PersistentVolumeClaim,
  driver: string,
): Promise<StepResult> {
  const { creator, listers } = scope.env;
  const chosen = chooseSnapshotClass(
    listers.snapshotClasses.list(),
    driver,
    claim.metadata.annotations?.[SNAPSHOT_CLASS_ANNOTATION],
  );
  if ('problem' in chosen) return failed('SnapshotNotSupported', chosen.problem);
  const { apiVersion, kind, metadata } = scope.backup;
  await creator.createOnce(
    volumeSnapshots,
    {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: {
        name: scope.child.name,
        namespace: scope.namespace,
        // Velero must not take our own snapshot into a later backup.
        labels: { ...scope.child.labels, [labels.veleroExclude]: 'true' },
        annotations: scope.child.annotations,
        ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' }],
      },
      spec: {
        volumeSnapshotClassName: chosen.name,
        source: { persistentVolumeClaimName: claim.metadata.name },
      },
    },
    scope.signal,
  );
  return awaiting(scope, `taking a snapshot of PersistentVolumeClaim ${claim.metadata.name}`);
}

interface Source {
  claim: PersistentVolumeClaim;
  volume: PersistentVolume;
}

async function awaitCut(scope: BackupScope, source: Source, snapshot: VolumeSnapshot): Promise<StepResult> {
  const { boundVolumeSnapshotContentName: contentName, creationTime, error } = snapshot.status ?? {};
  if (contentName === undefined || creationTime === undefined) {
    const trouble = error?.message === undefined ? '' : `: ${error.message}`;
    return awaiting(
      scope,
      `waiting for the CSI driver to cut VolumeSnapshot ${scope.namespace}/${snapshot.metadata.name}${trouble}`,
      error?.message === undefined ? 'DeadlineExceeded' : 'SnapshotFailed',
    );
  }
  if (!isOurs(scope, source, snapshot)) {
    return failed(
      'InvalidRequest',
      `VolumeSnapshot ${scope.namespace}/${snapshot.metadata.name} has a name that is kept for this backup and was made by somebody else; delete it and create another DataMoverBackup`,
    );
  }
  const found = await readContent(scope, snapshot, contentName);
  if ('state' in found) return found;
  // Marks the content as ours, and makes its storage snapshot go when it goes.
  const content = await scope.env.client.mergePatch(
    volumeSnapshotContents,
    { name: contentName },
    {
      metadata: { uid: found.metadata.uid, labels: scope.child.labels },
      spec: { deletionPolicy: 'Delete' },
    },
    { signal: scope.signal },
  );
  return record(scope, source, { snapshot, content, owned: true, time: creationTime });
}

/** In its own namespace a tenant may put a snapshot of its own under any name, labels included. */
function isOurs({ backup }: BackupScope, { claim }: Source, { metadata, spec }: VolumeSnapshot): boolean {
  const isMade = metadata.ownerReferences?.some(({ uid }) => uid === backup.metadata.uid) === true;
  return isMade && spec.source.persistentVolumeClaimName === claim.metadata.name;
}

/**
 * The content that a snapshot claims to be bound to, if that says so too: what stands in a tenant's snapshot is no proof of whose
 * data it is.
 */
async function readContent(
  scope: BackupScope,
  snapshot: VolumeSnapshot,
  name: string,
): Promise<VolumeSnapshotContent | StepResult> {
  const content = await scope.env.client.get(volumeSnapshotContents, { name }, { signal: scope.signal });
  if (content === undefined) return failed('SourceNotFound', `VolumeSnapshotContent ${name} does not exist`);
  if (isBoundTo(content, snapshot)) return content;
  return failed(
    'Forbidden',
    `VolumeSnapshotContent ${name} does not belong to VolumeSnapshot ${formatKey(keyOf(snapshot))}`,
  );
}

/** A snapshot that somebody else took, Velero's CSI support usually: used, never deleted. */
async function adoptSnapshot(scope: BackupScope, name: string, uid?: string): Promise<StepResult> {
  const key = `${scope.namespace}/${name}`;
  const snapshot = await scope.env.client.get(
    volumeSnapshots,
    { namespace: scope.namespace, name },
    { signal: scope.signal },
  );
  if (snapshot === undefined || (uid ?? snapshot.metadata.uid) !== snapshot.metadata.uid)
    return failed('SourceNotFound', `VolumeSnapshot ${key} does not exist`);
  const claimName = snapshot.spec.source.persistentVolumeClaimName;
  if (claimName === undefined) {
    return failed(
      'InvalidRequest',
      `VolumeSnapshot ${key} has no source.persistentVolumeClaimName, so its volume is not known`,
    );
  }
  const { boundVolumeSnapshotContentName: contentName, creationTime } = snapshot.status ?? {};
  if (contentName === undefined || creationTime === undefined) {
    // Not watched, since it is not ours; Velero hands it over cut, so this is the exception.
    return { ...awaiting(scope, `waiting for VolumeSnapshot ${key} to be cut`), requeueAfterMs: 2000 };
  }
  const content = await readContent(scope, snapshot, contentName);
  if ('state' in content) return content;
  const source = await findSource(scope, claimName);
  if ('state' in source) return source;
  return record(scope, source, { snapshot, content, owned: false, time: creationTime });
}

async function adoptContent(scope: BackupScope, name: string): Promise<StepResult> {
  const content = await scope.env.client.get(volumeSnapshotContents, { name }, { signal: scope.signal });
  if (content === undefined) return failed('SourceNotFound', `VolumeSnapshotContent ${name} does not exist`);
  const ref = content.spec.volumeSnapshotRef;
  if (ref.namespace !== scope.namespace) {
    return failed(
      'Forbidden',
      `VolumeSnapshotContent ${name} does not belong to a VolumeSnapshot of namespace ${scope.namespace}`,
    );
  }
  return adoptSnapshot(scope, ref.name, ref.uid);
}

async function findSource(scope: BackupScope, name: string): Promise<Source | StepResult> {
  const key = `${scope.namespace}/${name}`;
  const claim = await readClaim(scope, name);
  if (claim === undefined) return failed('SourceNotFound', `PersistentVolumeClaim ${key} does not exist`);
  const { volumeName, volumeMode = 'Filesystem' } = claim.spec;
  if (claim.status?.phase !== 'Bound' || volumeName === undefined) {
    return failed(
      'SourceNotBound',
      `PersistentVolumeClaim ${key} is ${claim.status?.phase ?? 'Pending'}, not Bound; there is nothing to back up`,
    );
  }
  const { mover } = scope.serving;
  if (!mover.capabilities.volumeModes.includes(volumeMode)) {
    return failed(
      'UnsupportedVolumeMode',
      `PersistentVolumeClaim ${key} has volumeMode ${volumeMode}, which mover ${mover.name} cannot move`,
    );
  }
  const volume = await readVolume(scope, volumeName);
  if (volume === undefined)
    return failed(
      'SourceNotBound',
      `PersistentVolume ${volumeName} of PersistentVolumeClaim ${key} does not exist`,
    );
  return { claim, volume };
}

/** A cache may be a moment behind what was just made or bound, and a source that is missing fails the backup for good. */
async function readClaim(scope: BackupScope, name: string): Promise<PersistentVolumeClaim | undefined> {
  const { env, namespace, signal } = scope;
  const cached = env.listers.claims.get(`${namespace}/${name}`);
  if (cached?.status?.phase === 'Bound') return cached;
  return env.client.get(persistentVolumeClaims, { namespace, name }, { signal });
}

async function readVolume({ env, signal }: BackupScope, name: string): Promise<PersistentVolume | undefined> {
  return env.listers.volumes.get(name) ?? (await env.client.get(persistentVolumes, { name }, { signal }));
}

interface Cut {
  snapshot: VolumeSnapshot;
  content: VolumeSnapshotContent;
  owned: boolean;
  time: string;
}

function record(scope: BackupScope, { claim, volume }: Source, cut: Cut): StepResult {
  const { snapshot, content, owned, time } = cut;
  const snapshotHandle = content.status?.snapshotHandle;
  if (snapshotHandle === undefined) {
    return {
      ...awaiting(scope, `waiting for the handle of VolumeSnapshotContent ${content.metadata.name}`),
      requeueAfterMs: 1000,
    };
  }
  scope.status.volume = describeVolume(claim, volume, snapshot.status?.restoreSize ?? sizeOf(content));
  scope.status.capture = {
    consistency: 'PointInTime',
    time,
    driver: content.spec.driver,
    snapshotHandle,
    volumeSnapshot: snapshot.metadata.name,
    volumeSnapshotContent: content.metadata.name,
    owned,
  };
  return checkpoint;
}

function sizeOf(content: VolumeSnapshotContent): string | undefined {
  const size = content.status?.restoreSize;
  return size === undefined ? undefined : String(size);
}

function awaiting(
  scope: BackupScope,
  message: string,
  reason: 'DeadlineExceeded' | 'SnapshotFailed' = 'DeadlineExceeded',
): Waiting {
  const started = Date.parse(scope.status.startTimestamp ?? scope.now.toISOString());
  const { captureSeconds } = scope.serving.class.spec.deadlines;
  return waiting(message, {
    deadline: {
      at: started + captureSeconds * 1000,
      reason,
      message: `no snapshot after ${String(captureSeconds)} s: ${message}`,
    },
  });
}
