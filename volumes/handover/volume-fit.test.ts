import { describe, expect, it } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { misfit } from './volume-fit.ts';

const volume: PersistentVolume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv-1' },
  spec: {
    capacity: { storage: '2Gi' },
    accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
    storageClassName: 'fast',
  },
};

function claim(spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'app', name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '2048Mi' } },
      ...spec,
    },
  };
}

describe('a volume', () => {
  it.each<[string, Partial<PersistentVolumeClaim['spec']>]>([
    ['asks for just that', {}],
    ['asks for less', { resources: { requests: { storage: '1Gi' } } }],
    ['asks for all of its access modes', { accessModes: ['ReadWriteMany', 'ReadWriteOnce'] }],
    ['says what is the default anyway', { volumeMode: 'Filesystem' }],
  ])('fits a claim that %s', (_, spec) => {
    expect(misfit(volume, claim(spec))).toBeUndefined();
  });

  it.each<[string, Partial<PersistentVolumeClaim['spec']>]>([
    ['storage class "fast", and spec.storageClassName', { storageClassName: 'slow' }],
    ['volume mode Filesystem, and spec.volumeMode', { volumeMode: 'Block' }],
    [
      'access modes ReadWriteOnce, ReadWriteMany, and spec.accessModes',
      { accessModes: ['ReadWriteOncePod'] },
    ],
    ['2Gi, and spec.resources.requests.storage', { resources: { requests: { storage: '3Gi' } } }],
  ])('does not fit: it has %s requires another', (text, spec) => {
    expect(misfit(volume, claim(spec))).toContain(`PersistentVolume pv-1 has ${text} of the Persistent`);
  });
});
