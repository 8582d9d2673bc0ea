import { expect } from '@jest/globals';
import { jobs } from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { lonelyMoments } from './lonely-volumes.ts';
import { isFree, type Told } from './told.ts';
import type { World } from './world.ts';

/** Restores; faults occur up to the moment at which the data is complete. */
export async function restore(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world);
  return { ...told, counts: () => current()?.status?.handOver === undefined };
}

/** Restores; faults occur from that moment on. */
export async function handOver(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world);
  return { ...told, counts: () => current()?.status?.handOver !== undefined };
}

/** Restores; faults occur from the start of the verification. */
export async function verifyRestore(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world, 'verified');
  return {
    ...told,
    counts: () => {
      const { verification, handOver } = current()?.status ?? {};
      return verification !== undefined && handOver === undefined;
    },
    verify() {
      told.verify();
      // The Jobs of the mover, the root folder and the verification.
      expect(world.everCreated(jobs)).toBe(3);
    },
  };
}

/** Restores with the Restic mover; faults occur from its admission until the data is complete. */
export async function restoreByRestic(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world, 'restic');
  const isMoving = (): boolean => {
    const { admittedAt, handOver: handedOver } = current()?.status ?? {};
    return admittedAt !== undefined && handedOver === undefined;
  };
  return { ...told, counts: isMoving };
}

const ROOT_FOLDER = { mode: '2770', uid: 999, gid: 999, time: '2026-01-01T00:00:00Z' };

export async function beginRestore(world: World, dataMoverClass = 'volsync') {
  const transfers: Kind<Resource> = dataMoverClass === 'restic' ? jobs : replicationDestinations;
  const [result] = world.addRepository('precious');
  await world.addClaim('restored', { [labels.restoredBy]: 'r1' });
  const restored = { namespace: world.app, name: 'restored' };
  await world.until('the destination is there', () => world.claim(restored) !== undefined);
  const before = world.inventory();
  const restore = { namespace: world.app, name: 'r1' };
  const current = () => world.feed.get(dataMoverRestores, restore);
  await world.create(dataMoverRestores, {
    metadata: restore,
    spec: {
      dataMoverClass,
      destinationClaimRef: { name: 'restored' },
      source: {
        backupName: 'b1',
        backupNamespace: world.app,
        dataMoverClass: 'volsync',
        ...(result !== undefined && { result: { ...result, rootFolder: ROOT_FOLDER } }),
        volume: {
          pvcName: 'data',
          namespace: world.app,
          storageClassName: 'fast',
          accessModes: ['ReadWriteOnce'],
          volumeMode: 'Filesystem',
          capacity: '2Gi',
          reclaimPolicy: 'Delete',
        },
      },
    },
  });
  const told: Told = {
    withdrawn: () => (world.claim(restored)?.spec.volumeName === undefined ? before : told.inventory()),
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => {
      const own = [`PersistentVolume ${world.volumeOf(restored)?.metadata.name ?? ''}`];
      return [...before, ...own, `storage ${world.handleOf(restored)}`].sort();
    },
    verify(tries = 1) {
      expect(world.everCreated(transfers)).toBe(1);
      expect(world.actors.state.started).toHaveLength(tries);
      expect(world.read(restored)).toBe('precious');
      if (dataMoverClass !== 'restic')
        expect(world.actors.state.roots.get(world.handleOf(restored))).toBe('2770:999:999:1767225600');
      const volume = world.volumeOf(restored);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.spec.claimRef?.uid).toBe(world.claim(restored)?.metadata.uid);
      expect(volume?.metadata.annotations).not.toHaveProperty([annotations.handOver]);
      expect(lonelyMoments(world.feed.changes, volume?.metadata.name ?? '')).toEqual([]);
    },
  };
  return { told, current };
}
