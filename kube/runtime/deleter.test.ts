import { describe, expect, it } from '@jest/globals';
import { secrets, type Secret } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { createCleaner } from './deleter.ts';

const key = { namespace: 'velero', name: 'child' };
const { signal } = new AbortController();

function setUp() {
  const kube = new FakeKube();
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { ...key } };
  const cleaner = createCleaner(kube.client());
  const remove = (cached?: Secret) => cleaner.remove('uid-1', [{ kind: secrets, key, cached }], signal);
  return { kube, secret, cleaner, remove };
}

describe('the cleaner', () => {
  it('sends only one delete for an object that the cache does not contain', async () => {
    const { kube, remove } = setUp();
    expect(await remove()).toEqual([]);
    expect(await remove()).toEqual([]);
    expect(kube.writeCalls()).toHaveLength(1);
  });

  it('deletes an object that is not in the cache yet, and only then relies on the cache', async () => {
    const { kube, secret, remove } = setUp();
    const stored = kube.seed(secrets, secret);
    expect(await remove()).toEqual(['Secret velero/child']);
    expect(kube.peek(secrets, key)).toBeUndefined();
    expect(await remove(stored)).toEqual(['Secret velero/child']);
    expect(await remove()).toEqual([]);
  });

  it('waits for what is being deleted without asking again', async () => {
    const { kube, secret, remove } = setUp();
    kube.seed(secrets, { ...secret, metadata: { ...key, finalizers: ['example.com/hold'] } });
    expect(await remove()).toEqual(['Secret velero/child']);
    expect(await remove(kube.peek(secrets, key))).toEqual(['Secret velero/child']);
    expect(kube.writeCalls()).toHaveLength(1);
  });

  it('deletes an object again if it was created again', async () => {
    const { kube, secret, remove } = setUp();
    await remove();
    expect(await remove(kube.seed(secrets, secret))).toEqual(['Secret velero/child']);
    expect(kube.peek(secrets, key)).toBeUndefined();
  });

  it('prepares for each deletion, and for nothing else', async () => {
    const { kube, secret, cleaner } = setUp();
    const steps: string[] = [];
    kube.before = ({ verb }) => void steps.push(verb);
    const prepare = () => Promise.resolve(void steps.push('prepare'));
    const remove = (cached?: Secret) =>
      cleaner.remove('uid-1', [{ kind: secrets, key, cached, prepare }], signal);
    kube.seed(secrets, { ...secret, metadata: { ...key, finalizers: ['example.com/hold'] } });
    await remove();
    await remove(kube.peek(secrets, key));
    expect(steps).toEqual(['prepare', 'delete']);
  });

  it('deletes only the object that the cache has seen', async () => {
    const { kube, secret, remove } = setUp();
    const seen = kube.seed(secrets, secret);
    kube.remove(secrets, key);
    const { uid } = kube.seed(secrets, secret).metadata;
    expect(await remove(seen)).toEqual(['Secret velero/child']);
    expect(kube.peek(secrets, key)?.metadata.uid).toBe(uid);
    // The cache receives the deletion of the old object before the new one.
    expect(await remove()).toEqual(['Secret velero/child']);
    expect(kube.peek(secrets, key)).toBeUndefined();
  });

  it('keeps an object of the same name that was not created for the request', async () => {
    const { kube, secret, cleaner } = setUp();
    const isOurs = ({ metadata }: Resource): boolean => metadata.labels?.['made-for'] === 'uid-1';
    const remove = (cached?: Secret) =>
      cleaner.remove('uid-1', [{ kind: secrets, key, cached, isOurs }], signal);
    const stored = kube.seed(secrets, secret);
    expect(await remove()).toEqual([]);
    expect(await remove(stored)).toEqual([]);
    expect(kube.peek(secrets, key)).toEqual(stored);
    kube.seed(secrets, { ...secret, metadata: { ...key, labels: { 'made-for': 'uid-1' } } });
    cleaner.forget('uid-1');
    expect(await remove(stored)).toEqual(['Secret velero/child']);
    expect(kube.peek(secrets, key)).toBeUndefined();
  });

  it('starts over for a request that it has forgotten', async () => {
    const { kube, cleaner, remove } = setUp();
    await remove();
    cleaner.forget('uid-1');
    await remove();
    expect(kube.writeCalls()).toHaveLength(2);
  });
});
