import { expect } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { lonelyMoments } from './lonely-volumes.ts';
import { isFree, type Told } from './told.ts';
import type { World } from './world.ts';

/** Restores into a claim that holds data; faults occur from the moment at which the new data is complete. */
export async function overwrite(world: World): Promise<Told> {
  const { told, current } = await beginOverwrite(world, 'precious');
  return {
    ...told,
    counts: () => {
      const { replaces, handOver } = current()?.status ?? {};
      return replaces?.setAsideAt === undefined || handOver !== undefined;
    },
  };
}

/** Fails to restore: the former data must be unchanged, at whichever call of the rollback the fault occurs. */
export async function failToOverwrite(world: World): Promise<Told> {
  const { told, current, former, before } = await beginOverwrite(world, undefined);
  return {
    ...told,
    isOver: () => current()?.status?.phase === 'Failed' && isFree(current()),
    counts: () => current()?.status?.failure !== undefined,
    inventory: () => before,
    verify() {
      expect(current()?.status?.replaces?.outcome).toBe('RolledBack');
      expect(world.claim(former.claim)?.metadata.uid).toBe(former.uid);
      expect(world.claim(former.claim)?.status?.phase).toBe('Bound');
      expect(world.read(former.claim)).toBe('former data');
      expect(world.volumeOf(former.claim)?.spec).toEqual(former.volume?.spec);
      expect(world.volumeOf(former.claim)?.metadata.annotations).toEqual(former.volume?.metadata.annotations);
      expect(lonelyMoments(world.feed.changes, former.volume?.metadata.name ?? '')).toEqual([]);
    },
  };
}

/** Starts an overwriting restore. If `content` is undefined, the repository turns out to be empty. */
async function beginOverwrite(world: World, content: string | undefined) {
  const [result] = world.addRepository('precious');
  if (content === undefined) world.emptyRepositories();
  const claim = { namespace: world.app, name: 'data' };
  await world.addSource('data', 'former data');
  const before = world.inventory();
  const former = { claim, uid: world.claim(claim)?.metadata.uid, volume: world.volumeOf(claim) };
  const handle = world.handleOf(claim);
  const restore = { namespace: world.app, name: 'r1' };
  const current = () => world.feed.get(dataMoverRestores, restore);
  await world.create(dataMoverRestores, {
    metadata: restore,
    spec: {
      destinationClaimRef: { name: 'data' },
      existingClaimPolicy: 'Overwrite',
      source: { backupName: 'b1', backupNamespace: world.app, ...(result !== undefined && { result }) },
    },
  });
  const formerName = former.volume?.metadata.name ?? '';
  const told: Told = {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => {
      const gone = [`PersistentVolume ${formerName}`, `storage ${handle}`];
      const own = [
        `PersistentVolume ${world.volumeOf(claim)?.metadata.name ?? ''}`,
        `storage ${world.handleOf(claim)}`,
      ];
      return [...before.filter((line) => !gone.includes(line)), ...own].sort();
    },
    verify() {
      expect(world.everCreated(replicationDestinations)).toBe(1);
      expect(world.actors.state.started).toHaveLength(1);
      expect(world.read(claim)).toBe('precious');
      expect(world.claim(claim)?.metadata.uid).not.toBe(former.uid);
      const volume = world.volumeOf(claim);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.spec.claimRef?.uid).toBe(world.claim(claim)?.metadata.uid);
      expect(lonelyMoments(world.feed.changes, volume?.metadata.name ?? '')).toEqual([]);
      // The former data is safe until the claim has the new data.
      const arrived = world.feed.changes.find(
        ({ after }) =>
          (after as PersistentVolumeClaim | undefined)?.status?.phase === 'Bound' &&
          (after as PersistentVolumeClaim).spec.volumeName === volume?.metadata.name &&
          after?.metadata.namespace === world.app,
      );
      const until = world.feed.changes.filter(({ version }) => version <= (arrived?.version ?? 0));
      expect(until).not.toEqual([]);
      expect(lonelyMoments(until, formerName)).toEqual([]);
    },
  };
  return { told, current, former, before };
}
