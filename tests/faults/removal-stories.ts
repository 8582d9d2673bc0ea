import { expect } from '@jest/globals';
import { jobs, pods } from '../../api/kubernetes/core.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverPrunes } from '../../api/datamover/v1alpha1/kinds.ts';
import { isFree, type Told } from './told.ts';
import type { World } from './world.ts';

/** Deletes the older of two backups in one repository. */
export async function remove(world: World): Promise<Told> {
  const [older, newer] = world.addRepository('old', 'new');
  const before = world.inventory();
  const key = { namespace: world.protected, name: 'd1' };
  const current = () => world.feed.get(dataMoverDeletes, key);
  if (older === undefined) throw new Error('no backup to remove');
  await world.create(dataMoverDeletes, { metadata: key, spec: { result: older } });
  return {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()) && isPruneToCome(world),
    inventory: () => before,
    verify() {
      expect(world.everCreated(jobs)).toBe(1);
      expect(world.everCreated(dataMoverPrunes)).toBe(1);
      expect(world.actors.state.started).toHaveLength(1);
      expect(world.repositoryOf(older.repository)?.snapshots.map(({ id }) => id)).toEqual([
        newer?.snapshotID,
      ]);
    },
  };
}

/** Cancels a backup by VolSync after its snapshot was saved. */
export async function cancel(world: World): Promise<Told> {
  return cancelWith(world, { dataMoverClass: 'volsync', saying: (id) => `snapshot ${id} saved` });
}

/** Does the same with the Restic mover. */
export async function cancelRestic(world: World): Promise<Told> {
  const saying = (id: string): string => JSON.stringify({ message_type: 'summary', snapshot_id: id });
  return cancelWith(world, { dataMoverClass: 'restic', saying });
}

interface Canceled {
  dataMoverClass: string;
  /** What the mover prints after its snapshot was saved. */
  saying: (snapshotID: string) => string;
}

/** Cancels a backup after its snapshot was saved, while its mover still runs. */
async function cancelWith(world: World, { dataMoverClass, saying }: Canceled): Promise<Told> {
  const [older, saved] = world.addRepository('old', 'new');
  const { state } = world.actors;
  if (older === undefined || saved === undefined) throw new Error('no repository to save to');
  state.script = () => ({ end: 'running', lines: [saying(saved.snapshotID)] });
  await world.addSource('data', 'new');
  const before = world.inventory();
  const backup = { namespace: world.app, name: 'b1' };
  const current = () => world.feed.get(dataMoverBackups, backup);
  const removals = () => world.feed.list(dataMoverDeletes);
  await world.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataMoverClass, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  let asked = false;
  const isRunning = (): boolean => world.feed.list(pods).some(({ status }) => status?.phase === 'Running');
  world.feed.listeners.add(() => {
    if (asked || !isRunning()) return;
    asked = true;
    world.beside(world.patch(dataMoverBackups, backup, { spec: { cancel: true } }));
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
      isPruneToCome(world),
    inventory: () => before,
    verify() {
      expect(removals()).toHaveLength(1);
      // The Jobs of the mover and of the delete, and with VolSync that of the survey.
      expect(world.everCreated(jobs)).toBe(dataMoverClass === 'restic' ? 2 : 3);
      expect(world.repositoryOf(older.repository)?.snapshots.map(({ id }) => id)).toEqual([older.snapshotID]);
    },
  };
}

/** Prunes a repository that nothing else uses. */
export async function prune(world: World): Promise<Told> {
  const [record] = world.addRepository('old');
  if (record === undefined) throw new Error('no repository to prune');
  const before = world.inventory();
  const key = { namespace: world.protected, name: 'p1' };
  const current = () => world.feed.get(dataMoverPrunes, key);
  const { mover, repository } = record;
  await world.create(dataMoverPrunes, { metadata: key, spec: { mover, repository } });
  return {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      expect(world.everCreated(jobs)).toBe(1);
      expect(world.actors.state.started.map(({ name }) => name)).toEqual(['prune']);
      expect(world.repositoryOf(repository)?.snapshots).toHaveLength(1);
    },
  };
}

/** Prunes a repository without snapshots, with a class that removes such repositories. */
export async function removeRepository(world: World): Promise<Told> {
  const [record] = world.addRepository('old');
  if (record === undefined) throw new Error('no repository to remove');
  world.emptyRepositories();
  const before = world.inventory();
  const key = { namespace: world.protected, name: 'p1' };
  const current = () => world.feed.get(dataMoverPrunes, key);
  const { mover, repository } = record;
  await world.create(dataMoverPrunes, { metadata: key, spec: { mover, repository, dataMoverClass: 'tidy' } });
  return {
    // Earlier calls are as in any other prune.
    counts: () => world.actors.state.started.length > 0,
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      const { snapshots, removedAt } = current()?.status ?? {};
      // If a watch misses the pod, the output of restic is unknown: then the repository is kept unchanged.
      const programs = snapshots === undefined ? ['prune'] : ['prune', 'rclone'];
      expect(world.actors.state.started.map(({ name }) => name)).toEqual(programs);
      expect(world.everCreated(jobs)).toBe(programs.length);
      expect(world.repositoryOf(repository) === undefined).toBe(snapshots === 0);
      expect(removedAt !== undefined).toBe(snapshots === 0);
    },
  };
}

/**
 * Returns true if a prune exists and each prune has a phase. The prune of a delete runs independently of it and waits until it is
 * due.
 */
export function isPruneToCome(world: World): boolean {
  const prunes = world.feed.list(dataMoverPrunes);
  return prunes.length > 0 && prunes.every(({ status }) => status?.phase !== undefined);
}
