import { expect, it } from '@jest/globals';
import { persistentVolumes, type PersistentVolume } from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/common/keys.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import type { VolumeAccess } from '../volume-access.ts';
import { reclaimVolumes } from './staging.ts';

function volume(name: string, own: Record<string, string> = {}): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: own },
    spec: { persistentVolumeReclaimPolicy: 'Retain', claimRef: { namespace: 'velero', name: 'staging' } },
  };
}

it('sets the reclaim policy Delete on copies, but never on aliases of another volume', async () => {
  const kube = new FakeKube();
  const all = [volume('copy'), volume('alias', { [annotations.aliasOf]: 'original' })];
  const seeded = all.map((one) => kube.seed(persistentVolumes, one));
  const env = {
    client: kube.client(),
    namespace: 'velero',
    listers: { volumes: { byIndex: () => seeded } },
  } as unknown as VolumeAccess;
  expect(await reclaimVolumes(env, ['staging'], new AbortController().signal)).toEqual([
    'PersistentVolume copy',
    'PersistentVolume alias',
  ]);
  const policyOf = (name: string) =>
    kube.peek(persistentVolumes, { name })?.spec.persistentVolumeReclaimPolicy;
  expect([policyOf('copy'), policyOf('alias')]).toEqual(['Delete', 'Retain']);
});
