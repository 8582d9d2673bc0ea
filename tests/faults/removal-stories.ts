import { expect } from '@jest/globals';
import { jobs, pods } from '../../api/kubernetes/core.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverPrunes } from '../../api/datamover/v1alpha1/kinds.ts';
import { isFree, type Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

/** Deletes the older of two backups in one repository. */
export async function remove(harness: StoryHarness): Promise<Expectation> {
  const [older, newer] = harness.addRepository('old', 'new');
  const before = harness.inventory();
  const key = { namespace: harness.protected, name: 'd1' };
  const current = () => harness.feed.get(dataMoverDeletes, key);
  if (older === undefined) throw new Error('no backup to remove');
  await harness.create(dataMoverDeletes, { metadata: key, spec: { result: older } });
  return {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()) && isPruneToCome(harness),
    inventory: () => before,
    verify() {
      expect(harness.everCreated(jobs)).toBe(1);
      expect(harness.everCreated(dataMoverPrunes)).toBe(1);
      expect(harness.actors.state.started).toHaveLength(1);
      expect(harness.repositoryOf(older.repository)?.snapshots.map(({ id }) => id)).toEqual([
        newer?.snapshotID,
      ]);
    },
  };
}

/** Cancels a backup by VolSync after its snapshot was saved. */
export async function cancel(harness: StoryHarness): Promise<Expectation> {
  return cancelWith(harness, { dataMoverClass: 'volsync', saying: (id) => `snapshot ${id} saved` });
}

/** Does the same with the Restic mover. */
export async function cancelRestic(harness: StoryHarness): Promise<Expectation> {
  const saying = (id: string): string => JSON.stringify({ message_type: 'summary', snapshot_id: id });
  return cancelWith(harness, { dataMoverClass: 'restic', saying });
}

interface Canceled {
  dataMoverClass: string;
  /** What the mover prints after its snapshot was saved. */
  saying: (snapshotID: string) => string;
}

/** Cancels a backup after its snapshot was saved, while its mover still runs. */
async function cancelWith(harness: StoryHarness, { dataMoverClass, saying }: Canceled): Promise<Expectation> {
  const [older, saved] = harness.addRepository('old', 'new');
  const { state } = harness.actors;
  if (older === undefined || saved === undefined) throw new Error('no repository to save to');
  state.script = () => ({ end: 'running', lines: [saying(saved.snapshotID)] });
  await harness.addSource('data', 'new');
  const before = harness.inventory();
  const backup = { namespace: harness.app, name: 'b1' };
  const current = () => harness.feed.get(dataMoverBackups, backup);
  const removals = () => harness.feed.list(dataMoverDeletes);
  await harness.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataMoverClass, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  let asked = false;
  const isRunning = (): boolean => harness.feed.list(pods).some(({ status }) => status?.phase === 'Running');
  harness.feed.listeners.add(() => {
    if (asked || !isRunning()) return;
    asked = true;
    harness.beside(harness.patch(dataMoverBackups, backup, { spec: { cancel: true } }));
  });
  return {
    // Earlier calls are as in any other backup, later ones as in any other delete.
    counts: () =>
      current()?.spec.cancel === true && removals().every(({ status }) => status?.admittedAt === undefined),
    isOver: () =>
      current()?.status?.phase === 'Canceled' &&
      removals().length > 0 &&
      [current(), ...removals()].every(isFree) &&
      removals().every(({ status }) => status?.phase === 'Completed') &&
      isPruneToCome(harness),
    inventory: () => before,
    verify() {
      expect(removals()).toHaveLength(1);
      // The Jobs of the mover and of the delete, and with VolSync that of the survey.
      expect(harness.everCreated(jobs)).toBe(dataMoverClass === 'restic' ? 2 : 3);
      expect(harness.repositoryOf(older.repository)?.snapshots.map(({ id }) => id)).toEqual([
        older.snapshotID,
      ]);
    },
  };
}

/** Prunes a repository that nothing else uses. */
export async function prune(harness: StoryHarness): Promise<Expectation> {
  const [record] = harness.addRepository('old');
  if (record === undefined) throw new Error('no repository to prune');
  const before = harness.inventory();
  const key = { namespace: harness.protected, name: 'p1' };
  const current = () => harness.feed.get(dataMoverPrunes, key);
  const { mover, repository } = record;
  await harness.create(dataMoverPrunes, { metadata: key, spec: { mover, repository } });
  return {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      expect(harness.everCreated(jobs)).toBe(1);
      expect(harness.actors.state.started.map(({ name }) => name)).toEqual(['prune']);
      expect(harness.repositoryOf(repository)?.snapshots).toHaveLength(1);
    },
  };
}

/** Prunes a repository without snapshots, with a class that removes such repositories. */
export async function removeRepository(harness: StoryHarness): Promise<Expectation> {
  const [record] = harness.addRepository('old');
  if (record === undefined) throw new Error('no repository to remove');
  harness.emptyRepositories();
  const before = harness.inventory();
  const key = { namespace: harness.protected, name: 'p1' };
  const current = () => harness.feed.get(dataMoverPrunes, key);
  const { mover, repository } = record;
  await harness.create(dataMoverPrunes, {
    metadata: key,
    spec: { mover, repository, dataMoverClass: 'tidy' },
  });
  return {
    // Earlier calls are as in any other prune.
    counts: () => harness.actors.state.started.length > 0,
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      const { snapshots, removedAt } = current()?.status ?? {};
      // If a watch misses the pod, the output of restic is unknown: then the repository is kept unchanged.
      const programs = snapshots === undefined ? ['prune'] : ['prune', 'rclone'];
      expect(harness.actors.state.started.map(({ name }) => name)).toEqual(programs);
      expect(harness.everCreated(jobs)).toBe(programs.length);
      expect(harness.repositoryOf(repository) === undefined).toBe(snapshots === 0);
      expect(removedAt !== undefined).toBe(snapshots === 0);
    },
  };
}

/**
 * Returns true if a prune exists and each prune has a phase. The prune of a delete runs independently of it and waits until it is
 * due.
 */
export function isPruneToCome(harness: StoryHarness): boolean {
  const prunes = harness.feed.list(dataMoverPrunes);
  return prunes.length > 0 && prunes.every(({ status }) => status?.phase !== undefined);
}
