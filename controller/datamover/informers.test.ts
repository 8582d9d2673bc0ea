import { CLAIM_INDEX } from '../../volumes/volume-access.ts';
import { describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { createInformers } from './informers.ts';
import { REQUEST_KINDS } from './kinds.ts';

async function informer(kube: FakeKube) {
  const clock = createFakeClock();
  const informerSet = createInformerSet({ client: kube.client(), clock });
  const informers = createInformers(informerSet, 'velero', REQUEST_KINDS);
  const stop = new AbortController();
  const running = informerSet.run(stop.signal);
  await clock.advance(100);
  return { informers, stop: () => (stop.abort(), running) };
}

const volume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: {
    name: 'pv-1',
    labels: { zone: 'a' },
    annotations: { 'oadp.openshift.io/hand-over': '{}' },
    managedFields: [{ manager: 'x' }],
  },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Delete',
    claimRef: { namespace: 'app', name: 'data', uid: 'u', resourceVersion: '5' },
    csi: { driver: 'csi', volumeHandle: 'h', volumeAttributes: { large: 'x'.repeat(1000) } },
    nodeAffinity: { required: { nodeSelectorTerms: [] } },
    nfs: { large: 'y'.repeat(1000) },
    mountOptions: ['noatime'],
  },
  status: { phase: 'Bound' },
} as unknown as PersistentVolume;

describe('the informers', () => {
  it('keep of a volume what is read of it, and find it by its claim', async () => {
    const kube = new FakeKube();
    kube.seed(persistentVolumes, volume);
    const { informers, stop } = await informer(kube);
    const [kept] = informers.volumes.store.byIndex(CLAIM_INDEX, 'app/data');
    expect(kept?.metadata).toMatchObject({ name: 'pv-1', labels: { zone: 'a' } });
    expect(kept?.metadata.annotations).toEqual(volume.metadata.annotations);
    expect(kept?.metadata).not.toHaveProperty('managedFields');
    expect(kept?.spec).toEqual({
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace: 'app', name: 'data', uid: 'u', resourceVersion: '5' },
      nodeAffinity: { required: { nodeSelectorTerms: [] } },
      csi: { driver: 'csi', volumeHandle: 'h' },
    });
    expect(kept?.status).toEqual({ phase: 'Bound' });
    await stop();
  });

  it('keep a volume that is no CSI volume as such', async () => {
    const kube = new FakeKube();
    kube.seed(persistentVolumes, { ...volume, spec: { nfs: { server: 's' } } });
    const { informers, stop } = await informer(kube);
    expect(informers.volumes.store.get('pv-1')?.spec).toEqual({});
    await stop();
  });

  it('contain all claims, but only the VolumeSnapshots of requests', async () => {
    const kube = new FakeKube();
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: {} };
    kube.seed(persistentVolumeClaims, { ...claim, metadata: { namespace: 'app', name: 'data' } });
    const snapshot = {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      spec: { source: {} },
    };
    const labels = { 'oadp.openshift.io/request-uid': 'u' };
    kube.seed(volumeSnapshots, { ...snapshot, metadata: { namespace: 'app', name: 'ours', labels } });
    kube.seed(volumeSnapshots, { ...snapshot, metadata: { namespace: 'app', name: 'theirs' } });
    const { informers, stop } = await informer(kube);
    expect(informers.claims.store.list().map(({ metadata }) => metadata.name)).toEqual(['data']);
    expect(informers.snapshots.store.list().map(({ metadata }) => metadata.name)).toEqual(['ours']);
    await stop();
  });
});
