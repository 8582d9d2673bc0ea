import { expect } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { unboundMoments } from './unbound-volumes.ts';
import { isFree, type Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

/** Restores into a claim that holds data; faults occur from the moment at which the new data is complete. */
export async function overwrite(harness: StoryHarness): Promise<Expectation> {
  const { expected, current } = await beginOverwrite(harness, 'precious');
  return {
    ...expected,
    counts: () => {
      const { replaces, handOver } = current()?.status ?? {};
      return replaces?.setAsideAt === undefined || handOver !== undefined;
    },
  };
}

/** Fails to restore: the former data must be unchanged, at whichever call of the rollback the fault occurs. */
export async function failToOverwrite(harness: StoryHarness): Promise<Expectation> {
  const { expected, current, former, before } = await beginOverwrite(harness, undefined);
  return {
    ...expected,
    isOver: () => current()?.status?.phase === 'Failed' && isFree(current()),
    counts: () => current()?.status?.failure !== undefined,
    inventory: () => before,
    verify() {
      expect(current()?.status?.replaces?.outcome).toBe('RolledBack');
      expect(harness.claim(former.claim)?.metadata.uid).toBe(former.uid);
      expect(harness.claim(former.claim)?.status?.phase).toBe('Bound');
      expect(harness.read(former.claim)).toBe('former data');
      expect(harness.volumeOf(former.claim)?.spec).toEqual(former.volume?.spec);
      expect(harness.volumeOf(former.claim)?.metadata.annotations).toEqual(
        former.volume?.metadata.annotations,
      );
      expect(unboundMoments(harness.feed.changes, former.volume?.metadata.name ?? '')).toEqual([]);
    },
  };
}

/** Starts an overwriting restore. If `content` is undefined, the repository turns out to be empty. */
async function beginOverwrite(harness: StoryHarness, content: string | undefined) {
  const [result] = harness.addRepository('precious');
  if (content === undefined) harness.emptyRepositories();
  const claim = { namespace: harness.app, name: 'data' };
  await harness.addSource('data', 'former data');
  const before = harness.inventory();
  const former = { claim, uid: harness.claim(claim)?.metadata.uid, volume: harness.volumeOf(claim) };
  const handle = harness.handleOf(claim);
  const restore = { namespace: harness.app, name: 'r1' };
  const current = () => harness.feed.get(dataMoverRestores, restore);
  await harness.create(dataMoverRestores, {
    metadata: restore,
    spec: {
      destinationClaimRef: { name: 'data' },
      existingClaimPolicy: 'Overwrite',
      source: { backupName: 'b1', backupNamespace: harness.app, ...(result !== undefined && { result }) },
    },
  });
  const formerName = former.volume?.metadata.name ?? '';
  const expected: Expectation = {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => {
      const gone = [`PersistentVolume ${formerName}`, `storage ${handle}`];
      const own = [
        `PersistentVolume ${harness.volumeOf(claim)?.metadata.name ?? ''}`,
        `storage ${harness.handleOf(claim)}`,
      ];
      return [...before.filter((line) => !gone.includes(line)), ...own].sort();
    },
    verify() {
      expect(harness.everCreated(replicationDestinations)).toBe(1);
      expect(harness.actors.state.started).toHaveLength(1);
      expect(harness.read(claim)).toBe('precious');
      expect(harness.claim(claim)?.metadata.uid).not.toBe(former.uid);
      const volume = harness.volumeOf(claim);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.spec.claimRef?.uid).toBe(harness.claim(claim)?.metadata.uid);
      expect(unboundMoments(harness.feed.changes, volume?.metadata.name ?? '')).toEqual([]);
      // The former data is safe until the claim has the new data.
      const arrived = harness.feed.changes.find(
        ({ after }) =>
          (after as PersistentVolumeClaim | undefined)?.status?.phase === 'Bound' &&
          (after as PersistentVolumeClaim).spec.volumeName === volume?.metadata.name &&
          after?.metadata.namespace === harness.app,
      );
      const until = harness.feed.changes.filter(({ version }) => version <= (arrived?.version ?? 0));
      expect(until).not.toEqual([]);
      expect(unboundMoments(until, formerName)).toEqual([]);
    },
  };
  return { expected, current, former, before };
}
