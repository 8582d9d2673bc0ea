import { expect, it } from '@jest/globals';
import { pods, type PersistentVolume, type PersistentVolumeClaim } from '../../api/external/core.ts';
import { annotations } from '../../api/v1alpha1/keys.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { usersOf } from './claim-users.ts';

const volumes: PersistentVolume[] = [];
const listers = { volumes: { list: () => volumes, get: () => undefined, byIndex: () => [] } };

it('a claim whose volume a backup reads under another name is in use', async () => {
  volumes.push({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'dmb-1', annotations: { [annotations.aliasOf]: 'pv' } },
    spec: {},
  });
  const claim = { metadata: { namespace: 'app', name: 'data' } } as PersistentVolumeClaim;
  const client = new FakeKube().client('test');
  const users = await usersOf({ client, listers }, claim, 'pv', new AbortController().signal);
  expect(users).toBe('a backup reads its volume as PersistentVolume dmb-1');
  volumes.pop();
});

it('the claim of an ephemeral volume is used by the pod that it belongs to, and by no other', async () => {
  const kube = new FakeKube();
  kube.seed(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'app', name: 'web' },
    spec: { nodeName: 'n1', containers: [{ name: 'web' }], volumes: [{ name: 'scratch', ephemeral: {} }] },
  });
  const ask = (name: string) => {
    const claim = { metadata: { namespace: 'app', name } } as PersistentVolumeClaim;
    return usersOf({ client: kube.client('test'), listers }, claim, 'pv', new AbortController().signal);
  };
  expect(await ask('web-scratch')).toBe('it is used by pod web');
  expect(await ask('scratch')).toBeUndefined();
});
