import type { PersistentVolumeClaim } from '../../../../api/kubernetes/core.ts';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
} from '../../../../api/kubernetes/snapshot.ts';
import {
  chooseSnapshotClass,
  SNAPSHOT_CLASS_ANNOTATION,
} from '../../../../volumes/snapshots/snapshot-class.ts';
import { isMadeFor } from '../../../../volumes/snapshots/snapshot-content.ts';
import { requestUidOf } from '../../../../lifecycle/request/child-identity.ts';
import { done, failed, type StepResult } from '../../../../lifecycle/request/step.ts';
import { useExistingContent, useExistingSnapshot } from './existing-snapshot.ts';
import { captureWait, boundContent, recordSnapshot } from './captured-snapshot.ts';
import { captureLive } from './live-source.ts';
import type { BackupScope } from '../scope.ts';
import { findSource, type Source } from './source.ts';

/**
 * Captures the source: after this step the application may write again without changing the backup. Velero runs its post-hooks
 * only after the plugin has seen the end of this step, so it comes before admission and is short.
 */
export async function captureSource(scope: BackupScope): Promise<StepResult> {
  if (scope.status.capture !== undefined) return done;
  const { dataSourceRef } = scope.backup.spec;
  switch (dataSourceRef.kind) {
    case 'PersistentVolumeClaim':
      return captureClaim(scope, dataSourceRef.name);
    case 'VolumeSnapshot':
      return useExistingSnapshot(scope, dataSourceRef.name);
    case 'VolumeSnapshotContent':
      return useExistingContent(scope, dataSourceRef.name);
  }
}

async function captureClaim(scope: BackupScope, name: string): Promise<StepResult> {
  const source = await findSource(scope, name);
  if ('state' in source) return source;
  const snapshot = scope.env.listers.snapshots.get(`${scope.namespace}/${scope.child.name}`);
  // A capture that started with a snapshot continues with it, even if the class has changed since.
  if (snapshot !== undefined) return waitForSnapshot(scope, source, snapshot);
  const mode = scope.resolved.options.capture ?? scope.resolved.class.spec.capture;
  if (mode === 'Live') return captureLive(scope, source);
  const chosen = snapshotClassFor(scope, source);
  if ('name' in chosen) return takeSnapshot(scope, source.claim, chosen.name);
  if (mode === 'SnapshotOrLive' && chosen.unsupported) return captureLive(scope, source);
  const remedy = chosen.unsupported ? '; or set spec.capture of the DataMoverClass to SnapshotOrLive' : '';
  return failed('SnapshotNotSupported', `${chosen.problem}${remedy}`);
}

function snapshotClassFor(
  { env, resolved, namespace }: BackupScope,
  { claim, volume }: Source,
): ReturnType<typeof chooseSnapshotClass> {
  const driver = volume.spec.csi?.driver;
  if (driver === undefined) {
    return {
      unsupported: true,
      problem: `PersistentVolumeClaim ${namespace}/${claim.metadata.name} is on PersistentVolume ${volume.metadata.name}, which is not a CSI volume and cannot be snapshotted`,
    };
  }
  const named =
    claim.metadata.annotations?.[SNAPSHOT_CLASS_ANNOTATION] ?? resolved.options.volumeSnapshotClassName;
  return chooseSnapshotClass(env.listers.snapshotClasses.list(), driver, named);
}

async function takeSnapshot(
  scope: BackupScope,
  claim: PersistentVolumeClaim,
  volumeSnapshotClassName: string,
): Promise<StepResult> {
  const { apiVersion, kind, metadata } = scope.backup;
  await scope.env.creator.createOnce(
    volumeSnapshots,
    {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: {
        name: scope.child.name,
        namespace: scope.namespace,
        labels: scope.child.labels,
        annotations: scope.child.annotations,
        ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' }],
      },
      spec: { volumeSnapshotClassName, source: { persistentVolumeClaimName: claim.metadata.name } },
    },
    scope.signal,
  );
  return captureWait(scope, `taking a snapshot of PersistentVolumeClaim ${claim.metadata.name}`);
}

async function waitForSnapshot(
  scope: BackupScope,
  source: Source,
  snapshot: VolumeSnapshot,
): Promise<StepResult> {
  const { boundVolumeSnapshotContentName: contentName, creationTime, error } = snapshot.status ?? {};
  if (contentName === undefined || creationTime === undefined) {
    const trouble = error?.message === undefined ? '' : `: ${error.message}`;
    return captureWait(
      scope,
      `waiting for the CSI driver to take VolumeSnapshot ${scope.namespace}/${snapshot.metadata.name}${trouble}`,
      error?.message === undefined ? 'DeadlineExceeded' : 'SnapshotFailed',
    );
  }
  if (!isOurs(scope, source, snapshot)) {
    return failed(
      'InvalidRequest',
      `VolumeSnapshot ${scope.namespace}/${snapshot.metadata.name} has the name of the snapshot of this backup, but this backup did not create it; delete it and create another DataMoverBackup`,
    );
  }
  const found = await boundContent(scope, snapshot, contentName);
  if ('state' in found) return found;
  // Labels the content as ours, and makes its deletion delete the storage snapshot.
  const content = await scope.env.client.mergePatch(
    volumeSnapshotContents,
    { name: contentName },
    {
      metadata: { uid: found.metadata.uid, labels: scope.child.labels },
      spec: { deletionPolicy: 'Delete' },
    },
    { signal: scope.signal },
  );
  return recordSnapshot(scope, source, { snapshot, content, owned: true, time: creationTime });
}

/** In its own namespace a tenant may create a snapshot with any name and any labels. */
function isOurs({ child }: BackupScope, { claim }: Source, snapshot: VolumeSnapshot): boolean {
  const { persistentVolumeClaimName } = snapshot.spec.source;
  return isMadeFor(requestUidOf(child), snapshot) && persistentVolumeClaimName === claim.metadata.name;
}
