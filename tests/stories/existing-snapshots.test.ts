import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshotContent,
} from '../../api/kubernetes/snapshot.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { APP } from '../fakes/cluster/controller-harness.ts';
import { BackupStory } from './support/backup-story.ts';

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a backup of an existing snapshot', () => {
  const snapshot = { namespace: APP, name: 'velero-data' };

  /** Creates a snapshot as Velero's CSI support does. */
  async function takeSnapshot(): Promise<VolumeSnapshotContent> {
    harness.kube.seed(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: snapshot,
      spec: { volumeSnapshotClassName: 'snapshots', source: { persistentVolumeClaimName: 'data' } },
    });
    await harness.quiesce();
    return harness.kube.peekAll(volumeSnapshotContents)[0]!;
  }

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'uses the %s and leaves it as it was',
    async (kind) => {
      const content = await takeSnapshot();
      const snapshotBefore = harness.kube.peek(volumeSnapshots, snapshot);
      harness.write({ namespace: APP, name: 'data' }, 'written after the snapshot');
      const name = kind === 'VolumeSnapshot' ? snapshot.name : content.metadata.name;
      await harness.begin((backup) => {
        backup.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind, name };
      });
      expect(await harness.end()).toMatchObject({
        phase: 'Completed',
        volume: { pvcName: 'data' },
        capture: { owned: false, volumeSnapshot: snapshot.name },
        repositoryPath: 'c1/app/data',
      });
      const [repository] = harness.cluster.state.repositories.values();
      expect(repository?.snapshots.map((one) => one.content)).toEqual(['precious']);
      expect(harness.inventory()).toEqual(harness.before);
      expect(harness.kube.peek(volumeSnapshots, snapshot)).toEqual(snapshotBefore);
      expect(harness.kube.peek(volumeSnapshotContents, { name: content.metadata.name })).toEqual(content);
    },
  );

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'stages and records the restoreSize of the content, not of the VolumeSnapshot (source: %s)',
    async (kind) => {
      const content = await takeSnapshot();
      harness.kube.edit(volumeSnapshots, snapshot, (object) => {
        object.status = { ...object.status, restoreSize: '1e99999' };
      });
      harness.kube.edit(volumeSnapshotContents, { name: content.metadata.name }, (object) => {
        object.status = { ...object.status, restoreSize: 7 * 2 ** 30 };
      });
      const claims = harness.created(persistentVolumeClaims);
      await harness.begin((backup) => {
        const name = kind === 'VolumeSnapshot' ? snapshot.name : content.metadata.name;
        backup.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind, name };
      });
      const size = '7516192768';
      expect((await harness.end()).volume?.capacity).toBe(size);
      expect(claims[0]?.spec.resources).toEqual({ requests: { storage: size } });
    },
  );

  it('is not read through another content than the one that it is bound to', async () => {
    const content = await takeSnapshot();
    const { metadata, spec, status } = content;
    harness.kube.seed(volumeSnapshotContents, {
      ...content,
      metadata: { name: 'twin' },
      spec: { ...spec, source: { snapshotHandle: 'foreign' } },
      status: { ...status, snapshotHandle: 'foreign' },
    });
    await harness.begin((backup) => {
      backup.spec.dataSourceRef = {
        apiGroup: 'snapshot.storage.k8s.io',
        kind: 'VolumeSnapshotContent',
        name: 'twin',
      };
    });
    expect((await harness.end()).failure).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('VolumeSnapshotContent twin does not belong'),
    });
    expect(harness.kube.peek(volumeSnapshotContents, { name: metadata.name })).toEqual(content);
  });

  it('ends well although Velero, having given up waiting, takes snapshot and content out of the cluster', async () => {
    const content = await takeSnapshot();
    harness.cluster.hold('ready');
    await harness.begin((backup) => {
      backup.spec.dataSourceRef = { kind: 'VolumeSnapshot', name: snapshot.name };
    });
    await harness.until(() => harness.kube.peekAll(volumeSnapshotContents).length === 2);
    harness.kube.edit(volumeSnapshotContents, { name: content.metadata.name }, (object) => {
      object.spec.deletionPolicy = 'Retain';
    });
    harness.kube.remove(volumeSnapshotContents, { name: content.metadata.name });
    harness.kube.remove(volumeSnapshots, snapshot);
    harness.cluster.release('ready');
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
    const [repository] = harness.cluster.state.repositories.values();
    expect(repository?.snapshots.map((one) => one.content)).toEqual(['precious']);
    expect(harness.kube.peekAll(volumeSnapshotContents)).toEqual([]);
  });

  it('waits until it is cut', async () => {
    harness.cluster.hold('cut');
    await takeSnapshot();
    await harness.begin((backup) => {
      backup.spec.dataSourceRef = { kind: 'VolumeSnapshot', name: snapshot.name };
    });
    await harness.advance(5_000);
    expect(harness.backup()?.status?.phase).toBe('Capturing');
    harness.cluster.release('cut');
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'rejects a %s if the content refers to another VolumeSnapshot',
    async (kind) => {
      const content = await takeSnapshot();
      // A second snapshot that names the content of the first one, although the content does not refer to it.
      harness.kube.remove(volumeSnapshots, snapshot);
      harness.kube.seed(volumeSnapshots, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { ...snapshot, uid: 'a-twin' },
        spec: { source: { persistentVolumeClaimName: 'data' } },
        status: {
          boundVolumeSnapshotContentName: content.metadata.name,
          creationTime: new Date(harness.cluster.clock.now()).toISOString(),
          readyToUse: true,
        },
      });
      await harness.begin((backup) => {
        const name = kind === 'VolumeSnapshot' ? snapshot.name : content.metadata.name;
        backup.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind, name };
      });
      const { phase, failure } = await harness.end();
      expect({ phase, reason: failure?.reason }).toEqual({
        phase: 'Failed',
        reason: kind === 'VolumeSnapshot' ? 'Forbidden' : 'SourceNotFound',
      });
      expect(harness.kube.peek(volumeSnapshotContents, { name: content.metadata.name })).toEqual(content);
    },
  );

  it('does not touch the snapshot of another namespace', async () => {
    const content = await takeSnapshot();
    harness.kube.edit(volumeSnapshotContents, { name: content.metadata.name }, (object) => {
      object.spec.volumeSnapshotRef.namespace = 'other';
    });
    await harness.begin((backup) => {
      backup.spec.dataSourceRef = { kind: 'VolumeSnapshotContent', name: content.metadata.name };
    });
    expect(await harness.end()).toMatchObject({ phase: 'Failed', failure: { reason: 'Forbidden' } });
    expect(harness.inventory()).toEqual(harness.before);
  });

  it.each(['VolumeSnapshot', 'VolumeSnapshotContent'] as const)(
    'fails when there is no such %s',
    async (kind) => {
      await harness.begin((backup) => {
        backup.spec.dataSourceRef = { kind, name: 'missing' };
      });
      const { failure } = await harness.end();
      expect(failure?.reason).toBe('SourceNotFound');
      expect(failure?.message).toContain(`${kind} `);
      expect(failure?.message).toContain('missing does not exist');
    },
  );
});

describe('a snapshot that a tenant has created or changed under the name of a child', () => {
  it.each(['', 'another'])('is not used, nor the content that it claims: bound to "%s"', async (claims) => {
    const victim = harness.kube.seed(volumeSnapshotContents, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotContent',
      metadata: { name: 'another' },
      spec: {
        deletionPolicy: 'Retain',
        driver: harness.cluster.state.driver,
        source: { snapshotHandle: 'precious' },
        volumeSnapshotRef: { namespace: 'other', name: 'precious', uid: 'other-uid' },
      },
      status: { snapshotHandle: 'precious', readyToUse: true },
    } satisfies VolumeSnapshotContent);
    harness.cluster.hold('cut');
    await harness.begin();
    const child = { namespace: APP, name: childName('backup', harness.backup()?.metadata.uid ?? '') };
    await harness.until(() => harness.kube.peek(volumeSnapshots, child) !== undefined);
    harness.kube.edit(volumeSnapshots, child, (object) => {
      // By a user who may write them, which no role for tenants allows.
      if (claims === '') delete object.metadata.ownerReferences;
      object.status = {
        boundVolumeSnapshotContentName: 'another',
        creationTime: new Date(harness.cluster.clock.now()).toISOString(),
      };
    });
    expect(await harness.end()).toMatchObject({
      phase: 'Failed',
      failure: { reason: claims === '' ? 'InvalidRequest' : 'Forbidden' },
    });
    expect(harness.kube.peek(volumeSnapshotContents, { name: 'another' })).toEqual(victim);
  });
});
