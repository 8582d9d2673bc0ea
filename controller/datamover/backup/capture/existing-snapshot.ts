import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
  type VolumeSnapshotContent,
} from '../../../../api/kubernetes/snapshot.ts';
import { failed, type StepResult } from '../../../../lifecycle/request/step.ts';
import { captureWait, boundContent, recordSnapshot } from './captured-snapshot.ts';
import type { BackupScope } from '../scope.ts';
import { findSource } from './source.ts';

/** The identity of the snapshot in addition to its name, as far as it is known. */
interface ExpectedSnapshot {
  uid?: string | undefined;
  content?: string | undefined;
}

/** Captures the source from an existing snapshot, usually one of Velero's CSI support, which is never deleted. */
export async function useExistingSnapshot(
  scope: BackupScope,
  name: string,
  expected: ExpectedSnapshot = {},
): Promise<StepResult> {
  const key = `${scope.namespace}/${name}`;
  const snapshot = await findSnapshot(scope, name, expected.uid);
  if (snapshot === undefined) return failed('SourceNotFound', `VolumeSnapshot ${key} does not exist`);
  const claimName = snapshot.spec.source.persistentVolumeClaimName;
  if (claimName === undefined) {
    return failed(
      'InvalidRequest',
      `VolumeSnapshot ${key} has no source.persistentVolumeClaimName, so its volume is not known`,
    );
  }
  const { boundVolumeSnapshotContentName: contentName, creationTime: time } = snapshot.status ?? {};
  if (contentName === undefined || time === undefined) {
    // The snapshot is not ours and therefore not watched. Velero usually passes a snapshot that is already cut, so this wait is
    // rare.
    return { ...captureWait(scope, `waiting for VolumeSnapshot ${key} to be taken`), requeueAfterMs: 2000 };
  }
  const content = await contentOf(scope, snapshot, { bound: contentName, expected: expected.content });
  if ('state' in content) return content;
  const source = await findSource(scope, claimName);
  return 'state' in source
    ? source
    : recordSnapshot(scope, source, { snapshot, content, owned: false, time });
}

async function contentOf(
  scope: BackupScope,
  snapshot: VolumeSnapshot,
  { bound, expected = bound }: { bound: string; expected: string | undefined },
): Promise<VolumeSnapshotContent | StepResult> {
  return expected === bound ? boundContent(scope, snapshot, bound) : foreign(scope, expected);
}

async function findSnapshot(
  { env, namespace, signal }: BackupScope,
  name: string,
  uid: string | undefined,
): Promise<VolumeSnapshot | undefined> {
  const snapshot = await env.client.get(volumeSnapshots, { namespace, name }, { signal });
  return uid === undefined || snapshot?.metadata.uid === uid ? snapshot : undefined;
}

/**
 * Captures the source from a VolumeSnapshotContent. A content is cluster-scoped: only the VolumeSnapshot that it is bound to
 * proves which namespace the data belongs to.
 */
export async function useExistingContent(scope: BackupScope, name: string): Promise<StepResult> {
  const content = await scope.env.client.get(volumeSnapshotContents, { name }, { signal: scope.signal });
  if (content === undefined) return failed('SourceNotFound', `VolumeSnapshotContent ${name} does not exist`);
  const ref = content.spec.volumeSnapshotRef;
  if (ref.namespace !== scope.namespace) return foreign(scope, name);
  return useExistingSnapshot(scope, ref.name, { uid: ref.uid, content: name });
}

function foreign({ namespace }: BackupScope, content: string): StepResult {
  return failed(
    'Forbidden',
    `VolumeSnapshotContent ${content} does not belong to a VolumeSnapshot of namespace ${namespace}`,
  );
}
