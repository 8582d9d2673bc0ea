import { expect, it } from '@jest/globals';
import type { VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import { stagingContent, type StagingContentSource } from './staging-content.ts';

const child = {
  kind: 'backup' as const,
  name: 'dmb-1',
  labels: { 'oadp.openshift.io/request-uid': 'u1' },
  annotations: { 'oadp.openshift.io/request': 'app/b1' },
};

const original: VolumeSnapshotContent = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: {
    name: 'snapcontent-1',
    labels: {
      'snapshot.storage.kubernetes.io/managed-by': 'node-a',
      'velero.io/backup-name': 'daily',
      'oadp.openshift.io/request-uid': 'other',
    },
    annotations: {
      'snapshot.storage.kubernetes.io/deletion-secret-name': 'secret',
      'snapshot.storage.kubernetes.io/deletion-secret-namespace': 'driver',
      'snapshot.storage.kubernetes.io/volumesnapshot-being-created': 'yes',
      'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted': 'yes',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    },
  },
  spec: {
    deletionPolicy: 'Delete',
    driver: 'csi.example.com',
    source: { volumeHandle: 'disk' },
    sourceVolumeMode: 'Block',
    volumeSnapshotClassName: 'gold',
    volumeSnapshotRef: { namespace: 'app', name: 'snapshot', uid: 'u2' },
  },
};

const gold = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotClass',
  metadata: { name: 'gold' },
  driver: 'csi.example.com',
  deletionPolicy: 'Delete' as const,
};

function source(more: Partial<StagingContentSource> = {}): StagingContentSource {
  const capture = {
    consistency: 'PointInTime' as const,
    time: '2026-01-01T00:00:00Z',
    driver: 'csi.example.com',
    snapshotHandle: 'handle-1',
    volumeSnapshotContent: 'snapcontent-1',
  };
  return { namespace: 'velero', capture, volumeMode: 'Filesystem', original, classes: [gold], ...more };
}

it('has all that the original has and a driver may need, and nothing else of it', () => {
  expect(stagingContent(child, source())).toEqual({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: {
      name: 'dmb-1',
      labels: {
        'snapshot.storage.kubernetes.io/managed-by': 'node-a',
        'oadp.openshift.io/request-uid': 'u1',
      },
      annotations: {
        'snapshot.storage.kubernetes.io/deletion-secret-name': 'secret',
        'snapshot.storage.kubernetes.io/deletion-secret-namespace': 'driver',
        'oadp.openshift.io/request': 'app/b1',
      },
    },
    spec: {
      deletionPolicy: 'Retain',
      driver: 'csi.example.com',
      source: { snapshotHandle: 'handle-1' },
      sourceVolumeMode: 'Block',
      volumeSnapshotClassName: 'gold',
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        namespace: 'velero',
        name: 'dmb-1',
      },
    },
  });
});

it.each([
  ['is gone', []],
  ["is another driver's", [{ ...gold, driver: 'other.example.com' }]],
])('names no class that %s', (_, classes) => {
  expect(stagingContent(child, source({ classes })).spec).not.toHaveProperty('volumeSnapshotClassName');
});

it('is built from what the capture recorded if the original does not exist', () => {
  const { metadata, spec } = stagingContent(child, source({ original: undefined }));
  expect([metadata.labels, metadata.annotations]).toEqual([child.labels, child.annotations]);
  expect(spec).toMatchObject({ sourceVolumeMode: 'Filesystem', source: { snapshotHandle: 'handle-1' } });
});
