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
import { unboundMoments } from './unbound-volumes.ts';
import { isFree, type Expectation } from './expectation.ts';
import type { StoryHarness } from './story-harness.ts';

export async function backUp(harness: StoryHarness, dataMoverClass = 'volsync'): Promise<Expectation> {
  const transfers: Kind<Resource> = dataMoverClass === 'restic' ? jobs : replicationSources;
  const data = { namespace: harness.app, name: 'data' };
  await harness.addSource('data', 'precious');
  const before = harness.inventory();
  const source = harness.volumeOf(data);
  const backup = { namespace: harness.app, name: 'b1' };
  const current = () => harness.feed.get(dataMoverBackups, backup);
  await harness.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataMoverClass, dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  return {
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify(tries = 1) {
      expect(harness.everCreated(transfers)).toBe(1);
      expect(harness.actors.state.started).toHaveLength(tries);
      const { repository = '', snapshotID, rootFolder } = current()?.status?.result ?? {};
      // Recorded before VolSync starts.
      if (dataMoverClass !== 'restic') expect(rootFolder).toMatchObject({ mode: '2770', uid: 999 });
      expect(harness.repositoryOf(repository)?.snapshots).toEqual([
        expect.objectContaining({ id: snapshotID, content: 'precious' }),
      ]);
      expect(harness.volumeOf(data)?.spec).toEqual(source?.spec);
      expect(unboundMoments(harness.feed.changes, source?.metadata.name ?? '')).toEqual([]);
    },
  };
}

/** Replaces the password while the mover runs, which can no longer open the repository with the old one. */
export async function replacePassword(harness: StoryHarness): Promise<Expectation> {
  const expected = await backUp(harness);
  const { state } = harness.actors;
  const [record] = harness.addRepository('older');
  const repository = harness.repositoryOf(record?.repository ?? '');
  if (repository === undefined) throw new Error('no repository');
  repository.password = 'the new p4ssw0rd';
  let isReplaced = false;
  const replace = async (transfer: string): Promise<void> => {
    await harness.keepSecret({ RESTIC_PASSWORD: repository.password });
    isReplaced = true;
    state.script = undefined;
    endRun(state, transfer, { end: 'failed', exitCode: 3, lines: ['ERROR: incorrect password'] });
    state.wakeAfter(0);
  };
  state.script = ({ name }) => {
    state.script = () => ({ end: 'running', lines: [] });
    harness.beside(replace(name));
    return { end: 'running', lines: ['Starting container'] };
  };
  const tries = (): number => harness.everCreated(replicationSources);
  return {
    ...expected,
    counts: () => isReplaced && !(tries() > 1 && harness.feed.list(jobs).length > 0),
    verify() {
      expect(tries()).toBe(2);
      expect(repository.snapshots.map(({ content }) => content)).toEqual(['older', 'precious']);
    },
  };
}

/** Runs a backup; faults occur from the start of its verification. */
export async function verifyBackup(harness: StoryHarness): Promise<Expectation> {
  const expected = await backUp(harness, 'verified');
  const current = () => harness.feed.get(dataMoverBackups, { namespace: harness.app, name: 'b1' })?.status;
  return {
    ...expected,
    counts: () => current()?.verification !== undefined,
    verify() {
      expected.verify();
      expect(current()?.verification).toMatchObject({ level: 'Data', doneAt: expect.any(String) as unknown });
      // The Jobs of the survey, the mover and the verification.
      expect(harness.everCreated(jobs)).toBe(3);
    },
  };
}

/** Backs up a volume that the mover reads while the application uses it. The transfer is as in any other backup. */
export async function backUpLive(harness: StoryHarness): Promise<Expectation> {
  const data = { namespace: harness.app, name: 'data' };
  await harness.addSource('data', 'precious');
  await harness.until('the volume knows it', () => harness.volumeOf(data)?.status?.phase === 'Bound');
  const before = harness.inventory();
  const source = harness.volumeOf(data);
  const claim = harness.claim(data);
  const backup = { namespace: harness.app, name: 'b1' };
  const current = () => harness.feed.get(dataMoverBackups, backup);
  await harness.create(dataMoverBackups, {
    metadata: backup,
    spec: { dataMoverClass: 'live', dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
  });
  return {
    counts: () => current()?.status?.movingSince === undefined || current()?.status?.result !== undefined,
    isOver: () => current()?.status?.phase === 'Completed' && isFree(current()),
    inventory: () => before,
    verify() {
      expect(current()?.status?.result).toMatchObject({ consistency: 'Live' });
      expect(harness.everCreated(replicationSources)).toBe(1);
      expect(harness.actors.state.started).toHaveLength(1);
      const { repository = '' } = current()?.status?.result ?? {};
      expect(harness.repositoryOf(repository)?.snapshots).toEqual([
        expect.objectContaining({ content: 'precious' }),
      ]);
      expect(harness.everCreated(volumeSnapshots)).toBe(0);
      // No process has written to the objects of the application, and the alias never controlled the data.
      expect(harness.volumeOf(data)).toEqual(source);
      expect(harness.claim(data)).toEqual(claim);
      expect(harness.read(data)).toBe('precious');
      expect(policiesOf(harness, annotations.aliasOf)).toEqual(new Set(['Retain']));
    },
  };
}

/** Returns every reclaim policy that volumes with an annotation have ever had. */
function policiesOf(harness: StoryHarness, annotation: string): Set<string | undefined> {
  const versions = harness.feed.changes
    .filter(({ kind }) => kind === (persistentVolumes as Kind<Resource>))
    .flatMap(({ before, after }) => [before, after] as (PersistentVolume | undefined)[])
    .filter((volume) => volume?.metadata.annotations?.[annotation] !== undefined);
  return new Set(versions.map((volume) => volume?.spec.persistentVolumeReclaimPolicy));
}

/**
 * Backs up with the Restic mover; faults occur from the creation of its volume until its snapshot is known. The other parts are
 * as in any backup.
 */
export async function backUpByRestic(harness: StoryHarness): Promise<Expectation> {
  const expected = await backUp(harness, 'restic');
  const current = () => harness.feed.get(dataMoverBackups, { namespace: harness.app, name: 'b1' })?.status;
  const hasStaging = (): boolean =>
    harness.feed
      .list(persistentVolumeClaims)
      .some(({ metadata }) => metadata.namespace === harness.protected);
  return { ...expected, counts: () => hasStaging() && current()?.result === undefined };
}
