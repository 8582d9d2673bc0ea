import { expect } from '@jest/globals';
import { jobs, persistentVolumes, type PersistentVolume } from '../../api/external/core.ts';
import { volumeSnapshots } from '../../api/external/snapshot.ts';
import { replicationDestinations, replicationSources } from '../../api/external/volsync.ts';
import type { Key, Kind, Resource } from '../../api/meta.ts';
import { annotations, labels } from '../../api/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/v1alpha1/kinds.ts';
import { endRun } from '../fakes/cluster/pods.ts';
import { lonelyMoments } from './lonely-volumes.ts';
import { failToOverwrite, overwrite } from './overwrite-stories.ts';
import { isFree, type Told } from './told.ts';
import type { World } from './world.ts';

export interface Story {
  name: string;
  begin(world: World): Promise<Told>;
  /** What its owner may delete in the middle of it. */
  request?(world: World): { kind: Kind<Resource>; key: Key };
  /** Goes most of the way of another story: troubles that are alike share its calls. */
  isVariant?: true;
}

async function backUp(world: World, dataMoverClass = 'volsync'): Promise<Told> {
  const data = { namespace: world.app, name: 'data' };
  await world.addSource('data', 'precious');
  const before = world.inventory();
  const source = world.volumeOf(data);
  const backup = { namespace: world.app, name: 'b1' };
  const current = () => world.feed.get(dataMoverBackups, backup);
  await world.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataMoverClass, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  return {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      expect(world.everCreated(replicationSources)).toBe(1);
      expect(world.actors.state.started).toHaveLength(1);
      const { repository = '', snapshotID } = current()?.status?.result ?? {};
      expect(world.repositoryOf(repository)?.snapshots).toEqual([
        expect.objectContaining({ id: snapshotID, content: 'precious' }),
      ]);
      expect(world.volumeOf(data)?.spec).toEqual(source?.spec);
      expect(lonelyMoments(world.feed.changes, source?.metadata.name ?? '')).toEqual([]);
    },
  };
}

/** The password is replaced while the mover runs, to which the repository is closed with the old one. */
async function replacePassword(world: World): Promise<Told> {
  const told = await backUp(world);
  const { state } = world.actors;
  const [record] = world.addRepository('older');
  const repository = world.repositoryOf(record?.repository ?? '');
  if (repository === undefined) throw new Error('no repository');
  repository.password = 'the new p4ssw0rd';
  let isReplaced = false;
  const replace = async (transfer: string): Promise<void> => {
    await world.keepSecret({ RESTIC_PASSWORD: repository.password });
    isReplaced = true;
    state.script = undefined;
    endRun(state, transfer, { end: 'failed', exitCode: 3, lines: ['ERROR: incorrect password'] });
    state.wakeAfter(0);
  };
  state.script = ({ name }) => {
    state.script = () => ({ end: 'running', lines: [] });
    world.beside(replace(name));
    return { end: 'running', lines: ['Starting container'] };
  };
  const tries = (): number => world.everCreated(replicationSources);
  return {
    ...told,
    counts: () => isReplaced && !(tries() > 1 && world.feed.list(jobs).length > 0),
    verify() {
      expect(tries()).toBe(2);
      expect(repository.snapshots.map(({ content }) => content)).toEqual(['older', 'precious']);
    },
  };
}

/** The part of a backup from which on what it has saved is verified. */
async function verifyBackup(world: World): Promise<Told> {
  const told = await backUp(world, 'verified');
  const current = () => world.feed.get(dataMoverBackups, { namespace: world.app, name: 'b1' })?.status;
  return {
    ...told,
    counts: () => current()?.verification !== undefined,
    verify() {
      told.verify();
      expect(current()?.verification).toMatchObject({ level: 'Data', doneAt: expect.any(String) as unknown });
      expect(world.everCreated(jobs)).toBe(2);
    },
  };
}

/** And of a restore. */
async function verifyRestore(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world, 'verified');
  return {
    ...told,
    counts: () => {
      const { verification, handOver } = current()?.status ?? {};
      return verification !== undefined && handOver === undefined;
    },
    verify() {
      told.verify();
      expect(world.everCreated(jobs)).toBe(2);
    },
  };
}

async function beginRestore(world: World, dataMoverClass = 'volsync') {
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
        ...(result !== undefined && { result }),
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
    verify() {
      expect(world.everCreated(replicationDestinations)).toBe(1);
      expect(world.actors.state.started).toHaveLength(1);
      expect(world.read(restored)).toBe('precious');
      const volume = world.volumeOf(restored);
      expect(volume?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
      expect(volume?.spec.claimRef?.uid).toBe(world.claim(restored)?.metadata.uid);
      expect(volume?.metadata.annotations).not.toHaveProperty([annotations.handOver]);
      expect(lonelyMoments(world.feed.changes, volume?.metadata.name ?? '')).toEqual([]);
    },
  };
  return { told, current };
}

/** Up to the moment at which the data is there. */
async function restore(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world);
  return { ...told, counts: () => current()?.status?.handOver === undefined };
}

/** From then on. */
async function handOver(world: World): Promise<Told> {
  const { told, current } = await beginRestore(world);
  return { ...told, counts: () => current()?.status?.handOver !== undefined };
}

/** Of a volume that is shown to the mover while the application has it. The transfer is as in any other backup. */
async function backUpLive(world: World): Promise<Told> {
  const data = { namespace: world.app, name: 'data' };
  await world.addSource('data', 'precious');
  await world.until('the volume knows it', () => world.volumeOf(data)?.status?.phase === 'Bound');
  const before = world.inventory();
  const source = world.volumeOf(data);
  const claim = world.claim(data);
  const backup = { namespace: world.app, name: 'b1' };
  const current = () => world.feed.get(dataMoverBackups, backup);
  await world.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataMoverClass: 'live', dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  return {
    counts: () => current()?.status?.movingSince === undefined || current()?.status?.result !== undefined,
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      expect(current()?.status?.result).toMatchObject({ consistency: 'Live' });
      expect(world.everCreated(replicationSources)).toBe(1);
      expect(world.actors.state.started).toHaveLength(1);
      const { repository = '' } = current()?.status?.result ?? {};
      expect(world.repositoryOf(repository)?.snapshots).toEqual([
        expect.objectContaining({ content: 'precious' }),
      ]);
      expect(world.everCreated(volumeSnapshots)).toBe(0);
      // Nobody has written to what is the application's, and its other name never had a say over the data.
      expect(world.volumeOf(data)).toEqual(source);
      expect(world.claim(data)).toEqual(claim);
      expect(world.read(data)).toBe('precious');
      expect(policiesOf(world, annotations.aliasOf)).toEqual(new Set(['Retain']));
    },
  };
}

/** Every reclaim policy that volumes with an annotation have ever had. */
function policiesOf(world: World, annotation: string): Set<string | undefined> {
  const versions = world.feed.changes
    .filter(({ kind }) => kind === (persistentVolumes as Kind<Resource>))
    .flatMap(({ before, after }) => [before, after] as (PersistentVolume | undefined)[])
    .filter((volume) => volume?.metadata.annotations?.[annotation] !== undefined);
  return new Set(versions.map((volume) => volume?.spec.persistentVolumeReclaimPolicy));
}

/** Of the older of two backups in one repository. */
async function remove(world: World): Promise<Told> {
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

/** A removal asks for a prune, which is served beside it and waits for its time. */
function isPruneToCome(world: World): boolean {
  const prunes = world.feed.list(dataMoverPrunes);
  return prunes.length > 0 && prunes.every(({ status }) => status?.phase !== undefined);
}

/** Canceled when its snapshot is saved and its mover still runs. */
async function cancel(world: World): Promise<Told> {
  const [older, saved] = world.addRepository('old', 'new');
  const { state } = world.actors;
  if (older === undefined || saved === undefined) throw new Error('no repository to save to');
  state.script = () => ({ end: 'running', lines: [`snapshot ${saved.snapshotID} saved`] });
  await world.addSource('data', 'new');
  const before = world.inventory();
  const backup = { namespace: world.app, name: 'b1' };
  const current = () => world.feed.get(dataMoverBackups, backup);
  const removals = () => world.feed.list(dataMoverDeletes);
  await world.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  let asked = false;
  world.feed.listeners.add(() => {
    if (asked || state.started.length === 0) return;
    asked = true;
    world.beside(world.patch(dataMoverBackups, backup, { spec: { cancel: true } }));
  });
  return {
    // Before, it is a backup like any other, and then a delete like any other.
    counts: () =>
      current()?.status?.admittedAt !== undefined &&
      removals().every(({ status }) => status?.admittedAt === undefined),
    isOver: () =>
      current()?.status?.phase === 'Canceled' &&
      removals().length > 0 &&
      [current(), ...removals()].every(isFree) &&
      removals().every(({ status }) => status?.phase === 'Completed') &&
      isPruneToCome(world),
    inventory: () => before,
    verify() {
      expect(removals()).toHaveLength(1);
      expect(world.everCreated(replicationSources)).toBe(1);
      expect(world.repositoryOf(older.repository)?.snapshots.map(({ id }) => id)).toEqual([older.snapshotID]);
    },
  };
}

/** Of a repository that nothing else uses. */
async function prune(world: World): Promise<Told> {
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

/** Of one in which no snapshot is left, of a class that removes such repositories. */
async function removeRepository(world: World): Promise<Told> {
  const [record] = world.addRepository('old');
  if (record === undefined) throw new Error('no repository to remove');
  world.emptyRepositories();
  const before = world.inventory();
  const key = { namespace: world.protected, name: 'p1' };
  const current = () => world.feed.get(dataMoverPrunes, key);
  const { mover, repository } = record;
  await world.create(dataMoverPrunes, { metadata: key, spec: { mover, repository, dataMoverClass: 'tidy' } });
  return {
    // Before, it is a prune like any other.
    counts: () => world.actors.state.started.length > 0,
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      const { snapshots, removedAt } = current()?.status ?? {};
      // Without its pod, which a watch may miss, restic is not heard: then the repository stays, and whole.
      const programs = snapshots === undefined ? ['prune'] : ['prune', 'rclone'];
      expect(world.actors.state.started.map(({ name }) => name)).toEqual(programs);
      expect(world.everCreated(jobs)).toBe(programs.length);
      expect(world.repositoryOf(repository) === undefined).toBe(snapshots === 0);
      expect(removedAt !== undefined).toBe(snapshots === 0);
    },
  };
}

const backupOf = ({ app }: World) => ({ kind: dataMoverBackups, key: { namespace: app, name: 'b1' } });
const restoreOf = ({ app }: World) => ({ kind: dataMoverRestores, key: { namespace: app, name: 'r1' } });
const deleteOf = (world: World) => ({
  kind: dataMoverDeletes,
  key: { namespace: world.protected, name: 'd1' },
});
const pruneOf = (world: World) => ({
  kind: dataMoverPrunes,
  key: { namespace: world.protected, name: 'p1' },
});

export const stories: readonly Story[] = [
  { name: 'backup', begin: (world) => backUp(world), request: backupOf },
  { name: 'verified backup', begin: verifyBackup, isVariant: true },
  { name: 'verified restore', begin: verifyRestore, isVariant: true },
  { name: 'live backup', begin: backUpLive, request: backupOf, isVariant: true },
  { name: 'replaced password', begin: replacePassword, isVariant: true },
  { name: 'restore', begin: restore, request: restoreOf },
  { name: 'hand-over', begin: handOver, request: restoreOf },
  { name: 'overwrite', begin: overwrite, isVariant: true },
  { name: 'overwrite that fails', begin: failToOverwrite, isVariant: true },
  { name: 'delete', begin: remove, request: deleteOf },
  { name: 'prune', begin: prune, request: pruneOf, isVariant: true },
  { name: 'removal of a repository', begin: removeRepository, isVariant: true },
  { name: 'cancel', begin: cancel, isVariant: true },
];
