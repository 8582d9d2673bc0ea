import { expect } from '@jest/globals';
import { jobs } from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { unboundMoments } from './unbound-volumes.ts';
import { isFree, type Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

/** Restores; faults occur up to the moment at which the data is complete. */
export async function restore(harness: StoryHarness): Promise<Expectation> {
  const { expected, current } = await beginRestore(harness);
  return { ...expected, counts: () => current()?.status?.handOver === undefined };
}

/** Restores; faults occur from that moment on. */
export async function handOver(harness: StoryHarness): Promise<Expectation> {
  const { expected, current } = await beginRestore(harness);
  return { ...expected, counts: () => current()?.status?.handOver !== undefined };
}

/** Restores; faults occur from the start of the verification. */
export async function verifyRestore(harness: StoryHarness): Promise<Expectation> {
  const { expected, current } = await beginRestore(harness, 'verified');
  return {
    ...expected,
    counts: () => {
      const { verification, handOver } = current()?.status ?? {};
      return verification !== undefined && handOver === undefined;
    },
    verify() {
      expected.verify();
      // The Jobs of the mover, the root folder and the verification.
      expect(harness.everCreated(jobs)).toBe(3);
    },
  };
}

/** Restores with the Restic mover; faults occur from its admission until the data is complete. */
export async function restoreByRestic(harness: StoryHarness): Promise<Expectation> {
  const { expected, current } = await beginRestore(harness, 'restic');
  const isMoving = (): boolean => {
    const { admittedAt, handOver: handedOver } = current()?.status ?? {};
    return admittedAt !== undefined && handedOver === undefined;
  };
  return { ...expected, counts: isMoving };
}

const ROOT_FOLDER = { mode: '2770', uid: 999, gid: 999, time: '2026-01-01T00:00:00Z' };

export async function beginRestore(harness: StoryHarness, dataMoverClass = 'volsync') {
  const transfers: Kind<Resource> = dataMoverClass === 'restic' ? jobs : replicationDestinations;
  const [result] = harness.addRepository('precious');
  await harness.addClaim('restored', { [labels.restoredBy]: 'r1' });
  const restored = { namespace: harness.app, name: 'restored' };
  await harness.until('the destination is there', () => harness.claim(restored) !== undefined);
  const before = harness.inventory();
  const restore = { namespace: harness.app, name: 'r1' };
  const current = () => harness.feed.get(dataMoverRestores, restore);
  await harness.create(dataMoverRestores, {
    metadata: restore,
    spec: {
      dataMoverClass,
      destinationClaimRef: { name: 'restored' },
      source: {
        backupName: 'b1',
        backupNamespace: harness.app,
        dataMoverClass: 'volsync',
        ...(result !== undefined && { result: { ...result, rootFolder: ROOT_FOLDER } }),
        volume: {
          pvcName: 'data',
          namespace: harness.app,
          storageClassName: 'fast',
          accessModes: ['ReadWriteOnce'],
          volumeMode: 'Filesystem',
          capacity: '2Gi',
          reclaimPolicy: 'Delete',
        },
      },
    },
  });
  const expected: Expectation = {
    withdrawn: () => (harness.claim(restored)?.spec.volumeName === undefined ? before : expected.inventory()),
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => {
      const own = [`PersistentVolume ${harness.volumeOf(restored)?.metadata.name ?? ''}`];
      return [...before, ...own, `storage ${harness.handleOf(restored)}`].sort();
    },
    verify(tries = 1) {
      expect(harness.everCreated(transfers)).toBe(1);
      expect(harness.actors.state.started).toHaveLength(tries);
      expect(harness.read(restored)).toBe('precious');
      if (dataMoverClass !== 'restic')
        expect(harness.actors.state.roots.get(harness.handleOf(restored))).toBe('2770:999:999:1767225600');
      const volume = harness.volumeOf(restored);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.spec.claimRef?.uid).toBe(harness.claim(restored)?.metadata.uid);
      expect(volume?.metadata.annotations).not.toHaveProperty([annotations.handOver]);
      expect(unboundMoments(harness.feed.changes, volume?.metadata.name ?? '')).toEqual([]);
    },
  };
  return { expected, current };
}
