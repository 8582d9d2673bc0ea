import { expect } from '@jest/globals';
import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { endRun } from '../fakes/cluster/pods.ts';
import { lonelyMoments } from './lonely-volumes.ts';
import { isFree, type Told } from './told.ts';
import type { World } from './world.ts';

export async function backUp(world: World, dataMoverClass = 'volsync'): Promise<Told> {
  const transfers: Kind<Resource> = dataMoverClass === 'restic' ? jobs : replicationSources;
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
    verify(tries = 1) {
      expect(world.everCreated(transfers)).toBe(1);
      expect(world.actors.state.started).toHaveLength(tries);
      const { repository = '', snapshotID, rootFolder } = current()?.status?.result ?? {};
      // Recorded before VolSync starts.
      if (dataMoverClass !== 'restic') expect(rootFolder).toMatchObject({ mode: '2770', uid: 999 });
      expect(world.repositoryOf(repository)?.snapshots).toEqual([
        expect.objectContaining({ id: snapshotID, content: 'precious' }),
      ]);
      expect(world.volumeOf(data)?.spec).toEqual(source?.spec);
      expect(lonelyMoments(world.feed.changes, source?.metadata.name ?? '')).toEqual([]);
    },
  };
}

/** Replaces the password while the mover runs, which can no longer open the repository with the old one. */
export async function replacePassword(world: World): Promise<Told> {
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

/** Runs a backup; faults occur from the start of its verification. */
export async function verifyBackup(world: World): Promise<Told> {
  const told = await backUp(world, 'verified');
  const current = () => world.feed.get(dataMoverBackups, { namespace: world.app, name: 'b1' })?.status;
  return {
    ...told,
    counts: () => current()?.verification !== undefined,
    verify() {
      told.verify();
      expect(current()?.verification).toMatchObject({ level: 'Data', doneAt: expect.any(String) as unknown });
      // The Jobs of the survey, the mover and the verification.
      expect(world.everCreated(jobs)).toBe(3);
    },
  };
}

/** Backs up a volume that the mover reads while the application uses it. The transfer is as in any other backup. */
export async function backUpLive(world: World): Promise<Told> {
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
      // No process has written to the objects of the application, and the alias never controlled the data.
      expect(world.volumeOf(data)).toEqual(source);
      expect(world.claim(data)).toEqual(claim);
      expect(world.read(data)).toBe('precious');
      expect(policiesOf(world, annotations.aliasOf)).toEqual(new Set(['Retain']));
    },
  };
}

/** Returns every reclaim policy that volumes with an annotation have ever had. */
function policiesOf(world: World, annotation: string): Set<string | undefined> {
  const versions = world.feed.changes
    .filter(({ kind }) => kind === (persistentVolumes as Kind<Resource>))
    .flatMap(({ before, after }) => [before, after] as (PersistentVolume | undefined)[])
    .filter((volume) => volume?.metadata.annotations?.[annotation] !== undefined);
  return new Set(versions.map((volume) => volume?.spec.persistentVolumeReclaimPolicy));
}

/**
 * Backs up with the Restic mover; faults occur from the creation of its volume until its snapshot is known. The other parts are
 * as in any backup.
 */
export async function backUpByRestic(world: World): Promise<Told> {
  const told = await backUp(world, 'restic');
  const current = () => world.feed.get(dataMoverBackups, { namespace: world.app, name: 'b1' })?.status;
  const hasStaging = (): boolean =>
    world.feed.list(persistentVolumeClaims).some(({ metadata }) => metadata.namespace === world.protected);
  return { ...told, counts: () => hasStaging() && current()?.result === undefined };
}
