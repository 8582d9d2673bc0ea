import { describe, expect, it } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim } from '../../kubernetes/core.ts';
import { looksAtVolume, misfitOf, volumeFactsOf, type VolumeFacts } from './class-volumes.ts';
import { dataMoverClassSpec, type DataMoverClass } from './data-mover-class.ts';

type Volumes = NonNullable<DataMoverClass['spec']['volumes']>;
type Status = DataMoverClass['status'];

const GI = 2 ** 30;
const FILES: Status = { capabilities: { volumeModes: ['Filesystem'], accessModes: ['ReadWriteOnce'] } };

function aClass(volumes?: Volumes, status?: Status): Pick<DataMoverClass, 'spec' | 'status'> {
  const spec = dataMoverClassSpec.parse({ mover: 'Mine', ...(volumes && { volumes }) });
  return { spec, ...(status && { status }) };
}

const claim: PersistentVolumeClaim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', volumeMode: 'Block' },
  status: { phase: 'Bound', capacity: { storage: '5Gi' } },
};

const volume: PersistentVolume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv' },
  spec: {
    capacity: { storage: '10Gi' },
    storageClassName: 'fast',
    csi: { driver: 'csi.example.com', volumeHandle: 'x' },
  },
};

describe('a class takes', () => {
  it.each<[string, Volumes | undefined, Status, VolumeFacts]>([
    [
      'every volume where it limits nothing and its abilities are not known',
      undefined,
      undefined,
      { volumeMode: 'Block', accessModes: ['ReadOnlyMany'], storageClassName: '', driver: '', size: 2 ** 62 },
    ],
    ['a volume of a mode that its mover can move', undefined, FILES, { volumeMode: 'Filesystem' }],
    [
      'a volume of a mode that it names, whatever its mover can',
      { volumeModes: ['Block'] },
      FILES,
      { volumeMode: 'Block' },
    ],
    [
      'a volume with one usable access mode',
      undefined,
      FILES,
      { accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] },
    ],
    ['a volume without access modes', undefined, FILES, { accessModes: [] }],
    [
      'a volume of a storage class of its list',
      { storageClassNames: ['slow', 'fast'] },
      FILES,
      { storageClassName: 'fast' },
    ],
    [
      'a volume without a storage class where its list has the empty name',
      { storageClassNames: [''] },
      FILES,
      { storageClassName: '' },
    ],
    [
      'a volume of a driver of its list',
      { drivers: ['csi.example.com'] },
      FILES,
      { driver: 'csi.example.com' },
    ],
    ['a volume of exactly its largest size', { maxSize: '10Gi' }, FILES, { size: 10 * GI }],
    [
      'a volume of which nothing is known',
      { volumeModes: ['Block'], storageClassNames: ['x'], drivers: ['x'], maxSize: '1' },
      FILES,
      {},
    ],
  ])('%s', (_, volumes, status, facts) => {
    expect(misfitOf(aClass(volumes, status), facts)).toBeUndefined();
  });
});

describe('a class does not take', () => {
  it.each<[string, Volumes | undefined, Status, VolumeFacts, string]>([
    [
      'a mode that its mover cannot move',
      undefined,
      FILES,
      { volumeMode: 'Block' },
      'its volumeMode is Block, which mover Mine cannot move',
    ],
    [
      'a mode that it does not name',
      { volumeModes: ['Block'] },
      undefined,
      { volumeMode: 'Filesystem' },
      'its volumeMode is Filesystem, and spec.volumes.volumeModes of the class is Block',
    ],
    [
      'access modes that its mover cannot use',
      undefined,
      FILES,
      { accessModes: ['ReadOnlyMany', 'ReadWriteOncePod'] },
      'its accessModes are ReadOnlyMany, ReadWriteOncePod, of which mover Mine can use none',
    ],
    [
      'another storage class',
      { storageClassNames: ['fast'] },
      FILES,
      { storageClassName: 'slow' },
      'its storage class is slow, which spec.volumes.storageClassNames of the class does not have',
    ],
    [
      'no storage class',
      { storageClassNames: ['fast'] },
      FILES,
      { storageClassName: '' },
      'it has no storage class, which spec.volumes.storageClassNames of the class does not have',
    ],
    [
      'another driver',
      { drivers: ['a'] },
      FILES,
      { driver: 'b' },
      'its CSI driver is b, which spec.volumes.drivers of the class does not have',
    ],
    [
      'a volume without a CSI driver',
      { drivers: ['a'] },
      FILES,
      { driver: '' },
      'no CSI driver provides it, which spec.volumes.drivers of the class does not have',
    ],
    [
      'one byte more than its largest size',
      { maxSize: '10Gi' },
      FILES,
      { size: 10 * GI + 1 },
      'it has 10737418241 bytes, and spec.volumes.maxSize of the class is 10Gi',
    ],
  ])('%s', (_, volumes, status, facts, why) => {
    expect(misfitOf(aClass(volumes, status), facts)).toBe(why);
  });

  it('any volume if its maxSize is not a valid size', () => {
    const odd = aClass();
    odd.spec.volumes = { maxSize: 'much' };
    expect(misfitOf(odd, {})).toBe('spec.volumes.maxSize of the class is "much", which is no size');
  });
});

describe('the facts of a claim', () => {
  it('come from the claim alone if its volume was not read', () => {
    expect(volumeFactsOf(claim, undefined)).toEqual({
      volumeMode: 'Block',
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      size: 5 * GI,
    });
  });

  it('come from the volume too, whose size counts', () => {
    expect(volumeFactsOf(claim, volume)).toMatchObject({ driver: 'csi.example.com', size: 10 * GI });
  });

  it('have an empty driver and storage class for a volume without them', () => {
    const plain = { ...volume, spec: { nfs: { server: 'x', path: '/' } } };
    const bare = { ...claim, spec: {} };
    expect(volumeFactsOf(bare, plain)).toEqual({
      volumeMode: 'Filesystem',
      storageClassName: '',
      driver: '',
      size: 5 * GI,
    });
  });

  it.each(['', 'much', '1e999', '99999Ei'])('have no size if the capacity is "%s"', (storage) => {
    const odd = { ...claim, status: { capacity: { storage } } };
    expect(volumeFactsOf(odd, undefined).size).toBeUndefined();
  });
});

it.each<[Volumes | undefined, boolean]>([
  [undefined, false],
  [{ volumeModes: ['Block'] }, false],
  [{ storageClassNames: ['a'] }, true],
  [{ drivers: ['a'] }, true],
  [{ maxSize: '1Gi' }, true],
])('a class with spec.volumes %j requires a read of the PersistentVolume: %p', (volumes, expected) => {
  expect(looksAtVolume(aClass(volumes))).toBe(expected);
});
