import { describe, expect, it } from '@jest/globals';
import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { CrashError, FakeKube } from './fake-kube.ts';
import { settle } from './fake-clock.ts';
import { widgetKind } from './widgets.ts';

interface Widget extends Resource {
  spec?: { size?: number; color?: string; tags?: Record<string, string> };
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}
const widgets = widgetKind<Widget>();
const key = { namespace: 'app', name: 'a' };
const widget = (more: Partial<Widget> = {}, metadata: Partial<Resource['metadata']> = {}): Widget => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { ...key, ...metadata },
  ...more,
});

describe('writes', () => {
  it('sets uid, resourceVersion, generation and time, and refuses a taken name', async () => {
    const client = new FakeKube().client();
    const made = await client.create(widgets, widget({ spec: { size: 1 } }));
    expect(made.metadata).toMatchObject({ uid: expect.any(String), generation: 1 });
    expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-.*Z$/);
    await expect(client.create(widgets, widget())).rejects.toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
  });

  it('keep the resourceVersion if they change nothing', async () => {
    const client = new FakeKube().client();
    const first = await client.apply(widgets, widget({ spec: { size: 1 } }));
    const second = await client.apply(widgets, widget({ spec: { size: 1 } }));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('keeps status apart: only applyStatus writes it, and it does not touch the generation', async () => {
    const client = new FakeKube().client();
    const made = await client.create(widgets, widget({ spec: { size: 1 }, status: { phase: 'Done' } }));
    expect(made.status).toBeUndefined();
    const after = await client.applyStatus(
      widgets,
      widget({ spec: { size: 9 }, status: { phase: 'Done' } }, { labels: { a: 'b' } }),
    );
    expect(after).toMatchObject({ spec: { size: 1 }, status: { phase: 'Done' } });
    expect(after.metadata).toMatchObject({ generation: 1 });
    expect(after.metadata.labels).toBeUndefined();
    const patched = await client.mergePatch(widgets, key, { spec: { size: 2 }, status: { phase: 'No' } });
    expect(patched).toMatchObject({ spec: { size: 2 }, status: { phase: 'Done' } });
    expect(patched.metadata.generation).toBe(2);
    await expect(client.applyStatus(widgets, widget({}, { name: 'other' }))).rejects.toMatchObject({
      code: 404,
    });
  });

  it('refuses a write with an old resourceVersion', async () => {
    const kube = new FakeKube();
    const client = kube.client();
    const { metadata } = await client.create(widgets, widget());
    kube.edit(widgets, key, (object) => (object.spec = { size: 5 }));
    const { resourceVersion } = metadata;
    const patch = { metadata: { resourceVersion }, spec: { size: 1 } };
    await expect(client.mergePatch(widgets, key, patch)).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    await expect(client.apply(widgets, widget({}, { resourceVersion: '1' }))).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    await expect(client.delete(widgets, key, { resourceVersion: '1' })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
  });

  it('drops undefined members, as JSON does', async () => {
    const client = new FakeKube().client();
    const odd = widget({ spec: { size: 1, color: undefined } as unknown as NonNullable<Widget['spec']> });
    expect(Object.keys((await client.create(widgets, odd)).spec ?? {})).toEqual(['size']);
  });
});

describe('server-side apply', () => {
  it('removes what a manager no longer applies, and nothing of others', async () => {
    const kube = new FakeKube();
    const [one, two] = [kube.client('one'), kube.client('two')];
    await one.apply(widgets, widget({ spec: { size: 1, tags: { a: '1' } } }));
    await two.apply(widgets, widget({ spec: { color: 'red', tags: { b: '2' } } }));
    const after = await one.apply(widgets, widget({ spec: { size: 1 } }));
    expect(after.spec).toEqual({ size: 1, color: 'red', tags: { b: '2' } });
  });

  it('merges conditions by type and finalizers as a set', async () => {
    const kube = new FakeKube();
    const [one, two] = [kube.client('one'), kube.client('two')];
    await one.apply(widgets, widget({}, { finalizers: ['x/one'] }));
    await two.apply(widgets, widget({}, { finalizers: ['x/two'] }));
    const condition = (type: string, status: string) =>
      widget({ status: { conditions: [{ type, status }] } });
    await one.applyStatus(widgets, condition('Ready', 'False'));
    await two.applyStatus(widgets, condition('Bound', 'True'));
    const after = await one.applyStatus(widgets, condition('Ready', 'True'));
    expect(after.metadata.finalizers).toEqual(['x/one', 'x/two']);
    expect(after.status?.conditions).toEqual([
      { type: 'Ready', status: 'True' },
      { type: 'Bound', status: 'True' },
    ]);
    const without = await one.applyStatus(widgets, widget({ status: {} }));
    expect(without.status?.conditions).toEqual([{ type: 'Bound', status: 'True' }]);
  });

  it('reports a conflict unless forced, and then takes the field over', async () => {
    const kube = new FakeKube();
    const [one, two] = [kube.client('one'), kube.client('two')];
    await one.apply(widgets, widget({ spec: { size: 1 } }));
    const other = widget({ spec: { size: 2 } });
    await expect(two.apply(widgets, other, { force: false })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    await two.apply(widgets, other);
    const after = await one.apply(widgets, widget({}));
    expect(after.spec).toEqual({ size: 2 });
  });
});

describe('deletion', () => {
  it('waits for finalizers, refuses new ones, then removes the object', async () => {
    const kube = new FakeKube();
    const client = kube.client();
    await client.create(widgets, widget({}, { finalizers: ['x/y'] }));
    expect(await client.delete(widgets, key)).toBe(true);
    const leaving = await client.get(widgets, key);
    expect(leaving?.metadata.deletionTimestamp).toBeDefined();
    expect(leaving?.metadata.generation).toBe(2);
    const more = { metadata: { finalizers: ['x/y', 'x/z'] } };
    await expect(client.mergePatch(widgets, key, more)).rejects.toMatchObject({ code: 422 });
    await client.mergePatch(widgets, key, { metadata: { finalizers: null } });
    expect(await client.get(widgets, key)).toBeUndefined();
    expect(await client.delete(widgets, key)).toBe(false);
  });

  it('leaves an object of the same name and another uid alone', async () => {
    const client = new FakeKube().client();
    await client.create(widgets, widget());
    expect(await client.delete(widgets, key, { uid: 'older' })).toBe(false);
    expect(await client.get(widgets, key)).toBeDefined();
  });

  const owned = (name: string, { metadata }: Resource, blockOwnerDeletion: boolean) => {
    const owner = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      name: metadata.name,
      uid: metadata.uid ?? '',
    };
    return widget({}, { name, ownerReferences: [{ ...owner, blockOwnerDeletion }] });
  };

  it('collects the dependents of a deleted owner, to any depth', () => {
    const kube = new FakeKube();
    const top = kube.seed(widgets, widget());
    const middle = kube.seed(widgets, owned('b', top, false));
    kube.seed(widgets, owned('c', middle, false));
    kube.remove(widgets, key);
    kube.collectGarbage();
    expect(kube.peekAll(widgets)).toEqual([]);
  });

  it('in the foreground waits for what blocks it, which is collected, and for nothing else', async () => {
    const kube = new FakeKube();
    const top = kube.seed(widgets, widget());
    const blocking = kube.seed(widgets, { ...owned('b', top, true) });
    blocking.metadata.finalizers = ['x/y'];
    kube.seed(widgets, blocking);
    kube.seed(widgets, owned('c', top, false));
    await kube.client().delete(widgets, key, { propagationPolicy: 'Foreground' });
    kube.collectGarbage();
    const leaving = kube.peekAll(widgets).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(leaving.map(({ metadata }) => metadata.name)).toEqual([key.name, 'b']);
    kube.edit(widgets, keyOf(blocking), ({ metadata }) => {
      metadata.finalizers = [];
    });
    kube.collectGarbage();
    expect(kube.peekAll(widgets)).toEqual([]);
  });
});

describe('lists and watches', () => {
  it('selects by labels and fields, and pages', async () => {
    const kube = new FakeKube();
    const client = kube.client();
    for (const name of ['a', 'b', 'c'])
      kube.seed(widgets, widget({ spec: { color: name } }, { name, labels: { n: name } }));
    const names = async (options: object) => {
      const found: string[] = [];
      for await (const object of client.list(widgets, options)) found.push(object.metadata.name);
      return found;
    };
    expect(await names({ labelSelector: 'n in (a,b),n!=b' })).toEqual(['a']);
    expect(await names({ labelSelector: 'n,!m' })).toEqual(['a', 'b', 'c']);
    expect(await names({ labelSelector: 'n notin (a)' })).toEqual(['b', 'c']);
    expect(await names({ fieldSelector: 'spec.color=c' })).toEqual(['c']);
    expect(await names({ namespace: 'elsewhere' })).toEqual([]);
    const first = await client.listPage(widgets, { pageSize: 2 });
    expect(first.items).toHaveLength(2);
    const next = await client.listPage(widgets, { pageSize: 2, continueToken: first.continueToken ?? '' });
    expect(next.items.map((object) => object.metadata.name)).toEqual(['c']);
    expect(next.continueToken).toBeUndefined();
  });

  it('replays history, follows the selector, and answers 410 after a compaction', async () => {
    const kube = new FakeKube();
    const client = kube.client();
    const { resourceVersion } = await client.listPage(widgets);
    const watch = (options: object = {}) =>
      client.watch(widgets, { resourceVersion, timeoutSeconds: 300, idleTimeoutMs: 1000, ...options });
    kube.seed(widgets, widget({}, { labels: { on: 'yes' } }));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { type, object } of watch({ labelSelector: 'on=yes' }))
        seen.push(`${type} ${object.metadata.name}`);
    })();
    await settle();
    kube.edit(widgets, key, (object) => (object.spec = { size: 3 }));
    kube.edit(widgets, key, (object) => (object.metadata.labels = {}));
    kube.remove(widgets, key);
    kube.sendBookmarks();
    kube.breakWatches();
    await reading;
    expect(seen).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'BOOKMARK ']);
    expect(kube.openWatches).toBe(0);
    kube.compact();
    await expect(watch()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 410 });
  });
});

describe('faults', () => {
  it('dies after a number of writes and lives again after restart', async () => {
    const kube = new FakeKube();
    const client = kube.client();
    kube.crashAfterWrites(1);
    await client.create(widgets, widget());
    expect(await client.get(widgets, key)).toBeDefined();
    await expect(client.apply(widgets, widget({ spec: { size: 1 } }))).rejects.toThrow(CrashError);
    await expect(client.get(widgets, key)).rejects.toThrow(CrashError);
    kube.restart();
    await client.apply(widgets, widget({ spec: { size: 1 } }));
    expect(kube.peek(widgets, key)?.spec).toEqual({ size: 1 });
  });

  it('can lose the answer of the last write', async () => {
    const kube = new FakeKube();
    kube.crashAfterWrites(1, { answerLost: true });
    await expect(kube.client().create(widgets, widget())).rejects.toThrow(CrashError);
    expect(kube.peek(widgets, key)).toBeDefined();
  });
});
