import { describe, expect, it } from '@jest/globals';
import type { VolumeSnapshotClass } from '../../api/kubernetes/snapshot.ts';
import { chooseSnapshotClass } from './snapshot-class.ts';

function snapshotClass(
  name: string,
  more: Partial<VolumeSnapshotClass['metadata']> & { driver?: string } = {},
): VolumeSnapshotClass {
  const { driver = 'csi', ...metadata } = more;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name, ...metadata },
    driver,
    deletionPolicy: 'Delete',
  };
}

const plain = snapshotClass('plain');
const labelled = snapshotClass('labelled', { labels: { 'velero.io/csi-volumesnapshot-class': 'true' } });
const byDefault = snapshotClass('default', {
  annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' },
});
const foreign = snapshotClass('foreign', {
  driver: 'other',
  labels: { 'velero.io/csi-volumesnapshot-class': 'true' },
});

describe('the snapshot class', () => {
  it.each([
    ['named', [plain, labelled], 'plain', 'plain'],
    ["labelled as Velero's", [plain, byDefault, labelled, foreign], undefined, 'labelled'],
    ['default', [plain, byDefault, foreign], undefined, 'default'],
    ['only one of the driver', [plain, foreign], undefined, 'plain'],
  ])('is the %s', (_, classes, named, name) => {
    expect(chooseSnapshotClass(classes, 'csi', named)).toEqual({ name });
  });

  it.each([
    [
      'there is none for the driver',
      [foreign],
      undefined,
      'no VolumeSnapshotClass exists for the CSI driver csi',
    ],
    ['several could be meant', [plain, snapshotClass('plain2')], undefined, '(plain, plain2); label one'],
    ['the named one does not exist', [plain], 'missing', 'missing does not exist'],
    ['the named one is of another driver', [plain, foreign], 'foreign', 'is for the driver other'],
  ])('is not guessed when %s', (_, classes, named, problem) => {
    expect(chooseSnapshotClass(classes, 'csi', named)).toEqual({
      unsupported: problem.startsWith('no VolumeSnapshotClass'),
      problem: expect.stringContaining(problem),
    });
  });
});
