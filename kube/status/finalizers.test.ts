import { describe, expect, it } from '@jest/globals';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { addFinalizer, removeFinalizer } from './finalizers.ts';
import { widgetKind } from '../../tests/fakes/widgets.ts';

const widgets = widgetKind();
const key = { namespace: 'app', name: 'a' };
const finalizer = 'example.com/guard';

function setup(finalizers: string[] = []) {
  const kube = new FakeKube();
  const object = kube.seed(widgets, {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { ...key, finalizers },
  });
  return { kube, client: kube.client(), object };
}

describe('finalizers', () => {
  it('adds its own beside others, once', async () => {
    const { kube, client, object } = setup(['other/one']);
    const after = await addFinalizer(client, widgets, { object, finalizer });
    expect(after.metadata.finalizers).toEqual(['other/one', finalizer]);
    await addFinalizer(client, widgets, { object: after, finalizer });
    expect(kube.writeCalls()).toHaveLength(1);
  });

  it('fails with a conflict if another client has changed the object', async () => {
    const { kube, client, object } = setup();
    kube.edit(widgets, key, (one) => (one.metadata.finalizers = ['other/new']));
    await expect(addFinalizer(client, widgets, { object, finalizer })).rejects.toMatchObject({ code: 409 });
    expect(kube.peek(widgets, key)?.metadata.finalizers).toEqual(['other/new']);
  });

  it('removes its own, after which the API server deletes the object', async () => {
    const { kube, client } = setup([finalizer]);
    await client.delete(widgets, key);
    const object = await client.get(widgets, key);
    if (object === undefined) throw new Error('gone too early');
    await removeFinalizer(client, widgets, { object, finalizer });
    expect(kube.peek(widgets, key)).toBeUndefined();
    expect(await removeFinalizer(client, widgets, { object, finalizer })).toBeUndefined();
  });

  it('writes nothing when there is nothing to remove', async () => {
    const { kube, client, object } = setup(['other/one']);
    await removeFinalizer(client, widgets, { object, finalizer });
    expect(kube.writeCalls()).toEqual([]);
  });

  it('refuses an object that was never read', async () => {
    const { client } = setup();
    const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: key };
    await expect(addFinalizer(client, widgets, { object, finalizer })).rejects.toThrow('read it before');
  });
});
