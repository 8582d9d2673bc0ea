import { describe, expect, it } from '@jest/globals';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../../../api/kubernetes/core.ts';
import { PROVISIONED_BY, PROVISIONER_FINALIZER, SELECTED_NODE, STORAGE_PROVISIONER } from './annotations.ts';
import { desiredVolume } from './desired-volume.ts';
import { decideClaim } from './decide-claim.ts';
import { decideVolume } from './decide-volume.ts';

const DRIVER = 'csi-test.example';

const storageClass = (over: Partial<StorageClass> = {}): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'fast' },
  provisioner: DRIVER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  ...over,
});

function claim(
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  annotations: Record<string, string> = { [STORAGE_PROVISIONER]: DRIVER },
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'app', uid: 'u-1', annotations },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'fast',
      ...spec,
    },
  };
}

describe('decideClaim', () => {
  it('provisions a claim that kube-controller-manager gave to this driver', () => {
    expect(decideClaim(claim(), storageClass(), DRIVER)).toEqual({ act: 'provision' });
  });

  it.each([
    ['names a volume', claim({ volumeName: 'pv-1' }), storageClass()],
    ['is not annotated yet', claim({}, {}), storageClass()],
    ['belongs to another driver', claim({}, { [STORAGE_PROVISIONER]: 'other' }), storageClass()],
    ['has no class', claim(), undefined],
    ['has a class of another driver', claim(), storageClass({ provisioner: 'other' })],
    ['waits for a consumer', claim(), storageClass({ volumeBindingMode: 'WaitForFirstConsumer' })],
  ])('ignores a claim that %s', (_, subject, cls) => {
    expect(decideClaim(subject, cls, DRIVER).act).toBe('ignore');
  });

  it('provisions a waiting claim once the scheduler chose a node', () => {
    const chosen = claim({}, { [STORAGE_PROVISIONER]: DRIVER, [SELECTED_NODE]: 'node-1' });
    const waiting = storageClass({ volumeBindingMode: 'WaitForFirstConsumer' });
    expect(decideClaim(chosen, waiting, DRIVER).act).toBe('provision');
  });

  it('refuses a selector in the words of external-provisioner', () => {
    const decision = decideClaim(claim({ selector: { matchLabels: { a: 'b' } } }), storageClass(), DRIVER);
    expect(decision).toEqual({ act: 'refuse', message: 'claim Selector is not supported' });
  });

  it('refuses block volumes', () => {
    expect(decideClaim(claim({ volumeMode: 'Block' }), storageClass(), DRIVER).act).toBe('refuse');
  });
});

describe('desiredVolume', () => {
  const make = (cls: StorageClass & { mountOptions?: string[] }) =>
    desiredVolume({ claim: claim(), storageClass: cls, driverName: DRIVER, volumeHandle: 'vol-1' });

  it('is bound to its claim and has the finalizer', () => {
    const volume = make({ ...storageClass(), mountOptions: ['noatime'] });
    expect(volume.metadata).toEqual({
      name: 'pvc-u-1',
      annotations: { [PROVISIONED_BY]: DRIVER },
      finalizers: [PROVISIONER_FINALIZER],
    });
    expect(volume.spec).toMatchObject({
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Delete',
      mountOptions: ['noatime'],
      claimRef: { namespace: 'app', name: 'data', uid: 'u-1' },
      csi: { driver: DRIVER, volumeHandle: 'vol-1' },
    });
  });

  it('has no finalizer when the class retains', () => {
    expect(make(storageClass({ reclaimPolicy: 'Retain' })).metadata.finalizers).toBeUndefined();
  });
});

describe('decideVolume', () => {
  function volume(over: {
    policy?: 'Delete' | 'Retain';
    phase?: 'Bound' | 'Released' | 'Available';
    finalizers?: string[];
    deleting?: boolean;
    provisionedBy?: string;
  }): PersistentVolume {
    const {
      policy = 'Delete',
      phase = 'Bound',
      finalizers = [],
      deleting = false,
      provisionedBy = DRIVER,
    } = over;
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: {
        name: 'pv',
        annotations: { [PROVISIONED_BY]: provisionedBy },
        finalizers,
        ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      },
      spec: { persistentVolumeReclaimPolicy: policy, csi: { driver: DRIVER, volumeHandle: 'vol-1' } },
      status: { phase },
    };
  }
  const held = [PROVISIONER_FINALIZER];

  it.each([
    ['a released volume is deleted', volume({ phase: 'Released' }), 'delete'],
    [
      'also when its object is being deleted',
      volume({ phase: 'Released', deleting: true, finalizers: held }),
      'delete',
    ],
    ['but only once', volume({ phase: 'Released', deleting: true }), 'nothing'],
    ['a bound volume gets the finalizer', volume({}), 'add-finalizer'],
    ['and keeps it', volume({ finalizers: held }), 'nothing'],
    ['a retained volume loses it', volume({ policy: 'Retain', finalizers: held }), 'remove-finalizer'],
    ['a retained released volume stays', volume({ policy: 'Retain', phase: 'Released' }), 'nothing'],
    ['a volume of nobody stays', volume({ phase: 'Released', provisionedBy: 'other' }), 'nothing'],
  ])('%s', (_, subject, decision) => {
    expect(decideVolume(subject, DRIVER)).toBe(decision);
  });
});
