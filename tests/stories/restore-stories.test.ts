import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { replicationDestinations } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { RestoreStory, DESTINATION } from './support/restore-story.ts';
import { addVelero, asOfVelero } from './support/velero-restore.ts';

let harness: RestoreStory;

beforeEach(() => {
  harness = new RestoreStory();
});

afterEach(() => harness.stop());

describe('a restore', () => {
  beforeEach(() => harness.addDestination());

  it('brings the data into the claim and leaves nothing else behind', async () => {
    await harness.begin();
    expect(await harness.end()).toMatchObject({
      phase: 'Completed',
      repositoryPath: 'c1/app/data',
      restored: { snapshotID: 'abcdef01', bytes: 8, files: 3 },
      handOver: { persistentVolume: harness.volume()?.metadata.name, reclaimPolicy: 'Delete' },
      progress: { bytesDone: 8, totalBytes: 8 },
    });
    harness.expectArrived('precious');
    expect(harness.volume()?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
    expect(harness.reports.map(({ reason }) => reason)).toEqual(['DataMoverStarted', 'DataMoverCompleted']);
  });

  it('hands the volume over in an order that protects it from deletion at every moment', async () => {
    await harness.begin();
    await harness.end();
    const { name: volumeName } = harness.volume()!.metadata;
    const { uid } = harness.kube.peek(persistentVolumeClaims, DESTINATION)!.metadata;
    const writes = harness.kube
      .writeCalls()
      .filter(({ key }) => [volumeName, harness.child, DESTINATION.name].includes(key?.name ?? ''))
      .filter(({ kind }) => ['PersistentVolume', 'PersistentVolumeClaim'].includes(kind.kind))
      .map(({ verb, kind, key, body }) => [verb, `${kind.kind} ${key?.name ?? ''}`, body]);
    const [made, hidden, secured, released, given, named, settled] = writes;
    expect(made).toMatchObject(['create', `PersistentVolumeClaim ${harness.child}`, {}]);
    expect(hidden).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      { metadata: { labels: { 'velero.io/exclude-from-backup': 'true' } } },
    ]);
    expect(secured).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      {
        metadata: {
          annotations: { 'oadp.openshift.io/hand-over': expect.stringContaining('"reclaimPolicy":"Delete"') },
        },
        spec: { persistentVolumeReclaimPolicy: 'Retain' },
      },
    ]);
    expect(released).toMatchObject(['delete', `PersistentVolumeClaim ${harness.child}`, undefined]);
    expect(given).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      { metadata: { labels: { 'oadp.openshift.io/data-mover-restore': 'r1' } }, spec: { claimRef: { uid } } },
    ]);
    expect(named).toMatchObject(['mergePatch', 'PersistentVolumeClaim restored', { spec: { volumeName } }]);
    expect(settled).toMatchObject([
      'mergePatch',
      `PersistentVolume ${volumeName}`,
      {
        metadata: { labels: { 'velero.io/exclude-from-backup': null } },
        spec: { persistentVolumeReclaimPolicy: 'Delete' },
      },
    ]);
  });

  it('requests only the recorded snapshot from VolSync', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    expect(
      harness.kube.peek(replicationDestinations, { namespace: 'velero', name: harness.child })?.spec,
    ).toEqual({
      trigger: { manual: harness.child },
      restic: {
        repository: harness.child,
        copyMethod: 'Direct',
        moverPodLabels: { 'velero.io/exclude-from-backup': 'true' },
        destinationPVC: harness.child,
        restoreAsOf: '2025-12-01T00:00:01Z',
        cacheCapacity: '1Gi',
        cacheAccessModes: ['ReadWriteOnce'],
        cacheStorageClassName: 'fast',
      },
    });
  });

  it.each([0, 1, 2])(
    'restores the contents of its backup if the repository contains several (%i)',
    async (index) => {
      const contents = ['first', 'second', 'third'];
      harness.source = harness.addRepository(...contents)[index]!;
      await harness.begin();
      await harness.end();
      harness.expectArrived(contents[index]!);
    },
  );

  it.each([
    ['Delete', 'Retain'],
    ['Retain', 'Delete'],
  ])('restores the reclaim policy %s on a StorageClass with reclaim policy %s', async (had, gives) => {
    harness.addStorageClass('fast', { reclaimPolicy: gives });
    harness.source.volume!.reclaimPolicy = had;
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
    expect(harness.volume()?.spec.persistentVolumeReclaimPolicy).toBe(had);
  });

  it('restores the labels and annotations of the volume, except those that describe the old volume', async () => {
    const provisioned = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' };
    harness.source.volume!.pvLabels = {
      tier: 'gold',
      'topology.kubernetes.io/zone': 'a',
      'oadp.openshift.io/data-mover-restore': 'an-earlier-one',
    };
    harness.source.volume!.pvAnnotations = {
      'example.com/owner': 'shop',
      'pv.kubernetes.io/provisioned-by': 'another driver',
    };
    await harness.begin();
    await harness.end();
    expect(harness.volume()?.metadata.labels).toEqual({
      tier: 'gold',
      'oadp.openshift.io/data-mover-restore': 'r1',
    });
    expect(harness.volume()?.metadata.annotations).toEqual({ 'example.com/owner': 'shop', ...provisioned });
  });

  it('leaves what the storage has put on the volume', async () => {
    harness.source.volume!.pvLabels = { tier: 'gold', array: 'one' };
    harness.cluster.hold('volsync');
    await harness.begin();
    await harness.reach('Moving');
    harness.editStagingVolume(({ metadata }) => {
      metadata.labels = { array: 'two' };
    });
    harness.cluster.release('volsync');
    await harness.end();
    expect(harness.volume()?.metadata.labels).toMatchObject({ tier: 'gold', array: 'two' });
  });

  it('creates a volume that is large enough for the claim and for the data', async () => {
    harness.source.volume!.capacity = '5Gi';
    addVelero(harness, { restore: { namespaceMapping: {} } });
    await harness.begin(asOfVelero);
    await harness.end();
    expect(harness.volume()?.spec.capacity).toEqual({ storage: '5Gi' });
  });

  it('works on storage that waits for the first consumer', async () => {
    harness.addStorageClass('fast', { volumeBindingMode: 'WaitForFirstConsumer' });
    await harness.begin();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
  });

  it.each(['Immediate', 'WaitForFirstConsumer'] as const)(
    'of an empty volume brings an empty volume without a mover (%s)',
    async (volumeBindingMode) => {
      harness.addStorageClass('fast', { volumeBindingMode });
      harness.source.result = { mover: 'VolSync', repository: 'c1/app/data', empty: true };
      await harness.begin();
      expect(await harness.end()).toMatchObject({ phase: 'Completed', restored: { empty: true } });
      expect(harness.cluster.state.started).toEqual([]);
      harness.expectArrived('');
    },
  );

  /** As the plugin creates it, before Velero restores the record. */
  const withoutRecord = ({ metadata, spec }: DataMoverRestore): void => {
    delete spec.source;
    metadata.annotations = { 'oadp.openshift.io/data-mover-backup': `${APP}/b1` };
  };

  it('that Velero created waits until its record is set', async () => {
    await harness.begin(withoutRecord);
    await harness.advance(60_000, 10_000);
    expect(harness.restore()?.status?.completionTimestamp).toBeUndefined();
    harness.kube.edit(dataMoverRestores, { namespace: APP, name: 'r1' }, (restore) => {
      restore.spec.source = harness.source;
    });
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    harness.expectArrived('precious');
  });

  it('that Velero created fails if its record is never set', async () => {
    await harness.begin(withoutRecord);
    expect(await harness.end(1_000_000)).toMatchObject({
      phase: 'Failed',
      failure: { reason: 'RecordMissing' },
    });
  });
});

describe("a mover's word of success", () => {
  beforeEach(() => harness.addDestination());

  it('is none when nothing matched', async () => {
    harness.addSecret({ RESTIC_REPOSITORY: 's3:http://s3.example.com/another' });
    await harness.begin();
    const { reason, message } = await harness.fails();
    expect(reason).toBe('RepositoryMissing');
    expect(message).toContain('abcdef01');
    expect(message).toContain('RESTIC_REPOSITORY');
  });

  it('is none when another snapshot was restored', async () => {
    harness.cluster.state.script = () => ({
      end: 'succeeded',
      lines: ['restoring snapshot 99999999 of [/data] at 2026-01-01 00:00:00 by @volsync to .'],
    });
    await harness.begin();
    const { reason, message } = await harness.fails();
    expect(reason).toBe('SnapshotMismatch');
    expect(message).toContain('99999999');
    expect(message).toContain('abcdef01');
  });

  it('is none when no log names a snapshot', async () => {
    harness.cluster.state.script = () => ({ end: 'succeeded', lines: ['=== Done ==='] });
    await harness.begin();
    expect((await harness.fails()).reason).toBe('MoverFailed');
  });
});

describe('a record', () => {
  beforeEach(() => harness.addDestination());

  it.each([
    [
      'BackupNotCompleted',
      'WrongPassword: it was wrong',
      { result: undefined, failure: { reason: 'WrongPassword', message: 'it was wrong' } },
    ],
    ['BackupNotCompleted', 'it has no result', { result: undefined }],
    [
      'InvalidRequest',
      'created by mover Other',
      { result: { mover: 'Other', repository: 'c1/app/data', snapshotID: 'abcdef01' } },
    ],
    [
      'InvalidRequest',
      '"data" is not the path',
      { result: { mover: 'VolSync', repository: 'data', snapshotID: 'abcdef01' } },
    ],
    [
      'InvalidRequest',
      'is not the path',
      { result: { mover: 'VolSync', repository: 'c1/app/../other/data', snapshotID: 'abcdef01' } },
    ],
  ])('that is no good fails the restore with %s: %s', async (reason, text, changes) => {
    Object.assign(harness.source, changes);
    for (const [key, value] of Object.entries(changes))
      if (value === undefined) delete harness.source[key as 'result'];
    await harness.begin();
    const failure = await harness.fails();
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(text);
  });
});
