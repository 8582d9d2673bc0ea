import {
  volumeSnapshotContents,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from '../../../../api/kubernetes/snapshot.ts';
import { formatKey, keyOf } from '../../../../api/kubernetes/meta.ts';
import { onlyNode } from '../../../../volumes/exposure/nodes.ts';
import { isBoundTo } from '../../../../volumes/snapshots/snapshot-content.ts';
import {
  checkpoint,
  failed,
  waiting,
  type StepResult,
  type Waiting,
} from '../../../../lifecycle/request/step.ts';
import type { BackupScope } from '../scope.ts';
import type { Source } from './source.ts';
import { describeVolume } from './volume-record.ts';

/** A snapshot that the storage system has taken. */
export interface CapturedSnapshot {
  snapshot: VolumeSnapshot;
  content: VolumeSnapshotContent;
  /** True if it is ours to delete. */
  owned: boolean;
  /** RFC 3339. */
  time: string;
}

/**
 * Returns the content that a snapshot names if the content names the snapshot too. What a tenant's snapshot contains is no proof
 * of whose data it is.
 */
export async function boundContent(
  { env, signal }: BackupScope,
  snapshot: VolumeSnapshot,
  name: string,
): Promise<VolumeSnapshotContent | StepResult> {
  const content = await env.client.get(volumeSnapshotContents, { name }, { signal });
  if (content === undefined) return failed('SourceNotFound', `VolumeSnapshotContent ${name} does not exist`);
  if (isBoundTo(content, snapshot)) return content;
  return failed(
    'Forbidden',
    `VolumeSnapshotContent ${name} does not belong to VolumeSnapshot ${formatKey(keyOf(snapshot))}`,
  );
}

/** Records the captured snapshot and volume. From here on the source may be deleted. */
export function recordSnapshot(
  scope: BackupScope,
  { claim, volume }: Source,
  taken: CapturedSnapshot,
): StepResult {
  const { snapshot, content, owned, time } = taken;
  const snapshotHandle = content.status?.snapshotHandle;
  if (snapshotHandle === undefined) {
    return {
      ...captureWait(scope, `waiting for the handle of VolumeSnapshotContent ${content.metadata.name}`),
      requeueAfterMs: 1000,
    };
  }
  scope.status.volume = describeVolume(claim, volume, sizeOf(content));
  const node = onlyNode(scope.env.listers.nodes.list(), volume.spec.nodeAffinity);
  if (node !== undefined) scope.status.node = node;
  scope.status.capture = {
    consistency: 'PointInTime',
    time,
    driver: content.spec.driver,
    snapshotHandle,
    volumeSnapshot: snapshot.metadata.name,
    volumeSnapshotUID: snapshot.metadata.uid,
    volumeSnapshotContent: content.metadata.name,
    claimUID: claim.metadata.uid,
    owned,
  };
  return checkpoint;
}

/** Reads the size from the content, because a tenant may be able to write the status of a snapshot. */
function sizeOf(content: VolumeSnapshotContent): string | undefined {
  const size = content.status?.restoreSize;
  return size === undefined ? undefined : String(size);
}

/** Returns a wait that fails the backup if no snapshot exists within `captureSeconds`. */
export function captureWait(
  scope: BackupScope,
  message: string,
  reason: 'DeadlineExceeded' | 'SnapshotFailed' = 'DeadlineExceeded',
): Waiting {
  const { captureSeconds } = scope.resolved.deadlines;
  return waiting(message, {
    deadline: {
      at: scope.limits.endOf(scope.status.startTimestamp, captureSeconds),
      reason,
      message: `no snapshot after ${String(captureSeconds)} s: ${message}`,
    },
  });
}
