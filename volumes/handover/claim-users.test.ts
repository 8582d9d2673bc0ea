import { expect, it } from '@jest/globals';
import { persistentVolumes, pods, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/common/keys.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { ALIAS_INDEX } from '../volume-access.ts';
import { usersOf } from './claim-users.ts';

/** The content of the caches after all lists. */
async function usersIn(kube: FakeKube, claimName: string): Promise<string | undefined> {
  const client = kube.client('test');
  const informers = createInformerSet({ client });
  const volumes = informers.informer(persistentVolumes, {
    indexers: {
      [ALIAS_INDEX]: ({ metadata }) => [metadata.annotations?.[annotations.aliasOf] ?? ''],
    },
  });
  const { signal } = new AbortController();
  const claim = { metadata: { namespace: 'app', name: claimName } } as PersistentVolumeClaim;
  const stop = new AbortController();
  const mirroring = informers.run(stop.signal);
  await informers.waitForSync({ timeoutMs: 60_000 });
  try {
    // A cluster may have too many volumes to scan all of them in a pass.
    const { byIndex } = volumes.store;
    return await usersOf({ client, listers: { volumes: { byIndex } } }, claim, 'pv', signal);
  } finally {
    stop.abort();
    await mirroring;
  }
}

it('a claim whose volume a backup reads under another name is in use', async () => {
  const kube = new FakeKube();
  kube.seed(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'dmb-1', annotations: { [annotations.aliasOf]: 'pv' } },
    spec: {},
  });
  kube.seed(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv-other' },
    spec: {},
  });
  expect(await usersIn(kube, 'data')).toBe('a backup reads its volume as PersistentVolume dmb-1');
});

it('the claim of an ephemeral volume is used by the pod that it belongs to, and by no other', async () => {
  const kube = new FakeKube();
  kube.seed(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'app', name: 'web' },
    spec: { nodeName: 'n1', containers: [{ name: 'web' }], volumes: [{ name: 'scratch', ephemeral: {} }] },
  });
  expect(await usersIn(kube, 'web-scratch')).toBe('it is used by pod web');
  expect(await usersIn(kube, 'scratch')).toBeUndefined();
});
