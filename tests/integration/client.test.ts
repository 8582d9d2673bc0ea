import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { loadKubeConfig } from '../../kube/client/config.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isTerminating } from '../../kube/client/kube-error.ts';
import { setCondition } from '../../kube/status/conditions.ts';
import { createEventRecorder } from '../../kube/status/events.ts';
import { addFinalizer, removeFinalizer } from '../../kube/status/finalizers.ts';
import { FakeKube } from '../fakes/fake-kube.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import {
  configMap,
  configMaps,
  eventually,
  installWidgets,
  namespaces,
  type Widget,
  widget,
  widgets,
} from './widgets.ts';

jest.setTimeout(60_000);

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(await loadKubeConfig({ kubeconfig: plane.kubeconfig }), { fieldManager: 'me' });
  await installWidgets(client);
  // The API server creates it itself, a moment after it is ready.
  await eventually(async () => (await client.get(namespaces, { name: 'default' })) !== undefined);
}, 120_000);

afterAll(async () => {
  await client.close();
  await plane.stop();
});

const key = (name: string) => ({ namespace: 'default', name });

describe('objects', () => {
  it('creates, reads, patches and deletes', async () => {
    const made = await client.create(configMaps, configMap('crud', { a: '1', b: '2' }));
    expect(made.metadata.uid).toBeDefined();
    await expect(client.create(configMaps, configMap('crud'))).rejects.toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
    const patched = await client.mergePatch(configMaps, key('crud'), { data: { a: null, c: '3' } });
    expect(patched.data).toEqual({ b: '2', c: '3' });
    expect(await client.get(configMaps, key('crud'))).toEqual(patched);
    expect(await client.delete(configMaps, key('crud'))).toBe(true);
    expect(await client.delete(configMaps, key('crud'))).toBe(false);
    expect(await client.get(configMaps, key('crud'))).toBeUndefined();
    await expect(client.mergePatch(configMaps, key('crud'), {})).rejects.toMatchObject({ code: 404 });
  });

  it('distinguishes a terminating namespace from a forbidden request', async () => {
    const metadata = { name: 'on-its-way-out', finalizers: ['example.com/stays'] };
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
    await client.delete(namespaces, { name: metadata.name });
    const object = { ...configMap('late'), metadata: { namespace: metadata.name, name: 'late' } };
    const refused = await client.create(configMaps, object).catch((error: unknown) => error);
    expect(isTerminating(refused)).toBe(true);
    expect((refused as Error).message).toContain('namespace on-its-way-out because it is being terminated');
  });

  it('deletes an object only if the required uid or resourceVersion matches', async () => {
    const { metadata } = await client.create(configMaps, configMap('precise'));
    expect(await client.delete(configMaps, key('precise'), { uid: 'another' })).toBe(false);
    await expect(client.delete(configMaps, key('precise'), { resourceVersion: '1' })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect(await client.delete(configMaps, key('precise'), { uid: metadata.uid ?? '' })).toBe(true);
  });

  it('pages through lists, and selects', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `page-${index}`);
    for (const name of names)
      await client.create(configMaps, configMap(name, {}, { labels: { set: 'pages' } }));
    const found: Resource[] = [];
    for await (const one of client.list(configMaps, { labelSelector: 'set=pages', pageSize: 3 }))
      found.push(one);
    expect(found.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(found[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    const page = await client.listPage(configMaps, {
      namespace: 'default',
      fieldSelector: 'metadata.name=page-3',
    });
    expect(page.items).toHaveLength(1);
  });

  it('reports forbidden, unknown and invalid objects with status 403, 404 and 422', async () => {
    const powerless = createKubeClient(plane.powerless, { fieldManager: 'nobody' });
    try {
      await expect(powerless.listPage(configMaps)).rejects.toMatchObject({ code: 403 });
      await expect(powerless.get(configMaps, key('x'))).rejects.toThrow(
        /^get ConfigMap default\/x: 403 Forbidden: .*"powerless" cannot get resource "configmaps"/,
      );
    } finally {
      await powerless.close();
    }
    await expect(client.apply(widgets, widget('big', { spec: { size: 101 } }))).rejects.toMatchObject({
      code: 422,
    });
    const unknown = { ...widgets, plural: 'gadgets', kind: 'Gadget' };
    await expect(client.listPage(unknown)).rejects.toMatchObject({ code: 404 });
    await expect(
      client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'A!' } }),
    ).rejects.toThrow('create Namespace A!: 422 Invalid');
  });
});

/** What both the real API server and the fake one must do: the fake is useful only if it behaves the same. */
describe.each(['the real API server', 'the fake one'])('server-side apply on %s', (which) => {
  const clients: KubeClient[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((one) => one.close()));
  });
  const fake = new FakeKube({
    admit: (_, object) => {
      const { spec = {}, ...rest } = object as Widget;
      return { ...rest, spec: { color: 'grey', ...spec } } as Resource;
    },
  });
  function managers(): [KubeClient, KubeClient] {
    const make = (fieldManager: string): KubeClient => {
      if (which === 'the fake one') return fake.client(fieldManager);
      const made = createKubeClient(plane.config, { fieldManager });
      clients.push(made);
      return made;
    };
    return [make('one'), make('two')];
  }

  it('owns fields by leaf and removes what is no longer applied', async () => {
    const [one, two] = managers();
    await one.apply(widgets, widget('owned', { spec: { size: 1, tags: { a: '1', both: 'x' } } }));
    await two.apply(widgets, widget('owned', { spec: { color: 'red', tags: { b: '2', both: 'x' } } }));
    const after = await one.apply(widgets, widget('owned', { spec: { size: 1 } }));
    expect(after.spec).toEqual({ size: 1, color: 'red', tags: { b: '2', both: 'x' } });
    const emptied = await two.apply(widgets, widget('owned', { spec: {} }));
    expect(emptied.spec).toEqual({ size: 1, color: 'grey' });
  });

  it('keeps the resourceVersion if nothing changes', async () => {
    const [one] = managers();
    const first = await one.apply(widgets, widget('same', { spec: { size: 1 } }));
    const second = await one.apply(widgets, widget('same', { spec: { size: 1 } }));
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('reports conflicts unless forced', async () => {
    const [one, two] = managers();
    await one.apply(widgets, widget('fought', { spec: { size: 1 } }));
    const wanted = widget('fought', { spec: { size: 2 } });
    await expect(two.apply(widgets, wanted, { force: false })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect((await two.apply(widgets, wanted)).spec?.size).toBe(2);
    expect((await one.apply(widgets, widget('fought', { spec: {} }))).spec?.size).toBe(2);
  });

  it('treats create and apply by the same manager as two owners', async () => {
    const [one] = managers();
    await one.create(widgets, widget('made', { spec: { size: 1, tags: { a: '1' } } }));
    await one.apply(widgets, widget('made', { spec: { size: 2 } }));
    const after = await one.apply(widgets, widget('made', { spec: { color: 'red' } }));
    expect(after.spec).toEqual({ color: 'red', tags: { a: '1' } });
  });

  it('keeps status on its own side, and its generation still', async () => {
    const [one, two] = managers();
    const { metadata } = await one.create(
      widgets,
      widget('stated', { spec: { size: 1 }, status: { phase: 'New' } }),
    );
    expect((await one.get(widgets, key('stated')))?.status).toBeUndefined();
    const condition = { type: 'Ready', status: 'True' as const, reason: 'Done', message: '' };
    const conditions = setCondition([], condition, new Date());
    const stated = await one.applyStatus(
      widgets,
      widget('stated', { spec: { size: 9 }, status: { phase: 'Done', conditions } }),
    );
    expect(stated).toMatchObject({ spec: { size: 1 }, status: { phase: 'Done', conditions: [condition] } });
    expect(stated.metadata.generation).toBe(metadata.generation);
    const other = setCondition([], { ...condition, type: 'Bound' }, new Date());
    const merged = await two.applyStatus(widgets, widget('stated', { status: { conditions: other } }));
    expect(merged.status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Bound']);
    const without = await one.applyStatus(widgets, widget('stated', { status: { phase: 'Done' } }));
    expect(without.status?.conditions?.map(({ type }) => type)).toEqual(['Bound']);
    const changed = await one.mergePatch(widgets, key('stated'), {
      spec: { size: 2 },
      status: { phase: 'No' },
    });
    expect(changed).toMatchObject({
      spec: { size: 2 },
      status: { phase: 'Done' },
      metadata: { generation: 2 },
    });
    await expect(
      one.applyStatus(widgets, widget('nobody', { status: { phase: 'x' } })),
    ).rejects.toMatchObject({ code: 404 });
  });

  it('checks the resourceVersion of existing objects, and the uid also of missing ones', async () => {
    const [one] = managers();
    const first = await one.apply(widgets, widget('guarded', { spec: { size: 1 } }));
    await one.apply(widgets, widget('guarded', { spec: { size: 2 } }));
    const { resourceVersion } = first.metadata;
    const late = widget('guarded', { metadata: { resourceVersion }, spec: { size: 3 } });
    await expect(one.apply(widgets, late)).rejects.toMatchObject({ code: 409 });
    await expect(
      one.mergePatch(widgets, key('guarded'), { metadata: { resourceVersion }, spec: { size: 3 } }),
    ).rejects.toMatchObject({ code: 409 });
    const anew = await one.apply(widgets, widget('guarded-anew', { metadata: { resourceVersion } }));
    expect(anew.metadata.uid).toBeDefined();
    const gone = widget('guarded-gone', { metadata: { uid: 'gone' } });
    await expect(one.apply(widgets, gone)).rejects.toMatchObject({ code: 409 });
    expect(await one.delete(widgets, key('guarded'), { uid: 'another' })).toBe(false);
    await expect(one.delete(widgets, key('guarded'), { resourceVersion: '1' })).rejects.toMatchObject({
      code: 409,
    });
  });

  it('keeps a deleted object until its finalizers are removed, and refuses new finalizers', async () => {
    const [one, two] = managers();
    const object = await one.apply(widgets, widget('leaving'));
    const guarded = await addFinalizer(one, widgets, { object, finalizer: 'example.com/one' });
    await expect(addFinalizer(two, widgets, { object, finalizer: 'example.com/two' })).rejects.toMatchObject({
      code: 409,
    });
    expect(await one.delete(widgets, key('leaving'))).toBe(true);
    const leaving = await one.get(widgets, key('leaving'));
    expect(leaving?.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      generation: (guarded.metadata.generation ?? 0) + 1,
    });
    await expect(
      addFinalizer(two, widgets, { object: leaving as Widget, finalizer: 'example.com/two' }),
    ).rejects.toMatchObject({ code: 422 });
    await removeFinalizer(one, widgets, { object: leaving as Widget, finalizer: 'example.com/one' });
    expect(await one.get(widgets, key('leaving'))).toBeUndefined();
  });
});

describe('events', () => {
  interface Event extends Resource {
    regarding?: { name: string };
    note?: string;
    series?: { count: number };
  }
  const kind = { group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };

  it('are accepted with a count if repeats occur before the first is sent', async () => {
    const recorder = createEventRecorder({
      client,
      controller: 'example.com/test',
      instance: 'pod-1',
      inFlight: 1,
    });
    const about = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'default',
      name,
      uid: 'u-2',
    });
    const happened = { type: 'Normal' as const, reason: 'Worked', action: 'Work', note: 'once more' };
    for (const name of ['ahead', 'thrice', 'thrice', 'thrice'])
      recorder.record({ ...happened, regarding: about(name) });
    await recorder.close(30_000);
    const { items } = await client.listPage<Event>(kind, { namespace: 'default' });
    const counts = items.map(({ regarding, series }) => [regarding?.name, series?.count]);
    expect(counts).toEqual(
      expect.arrayContaining([
        ['ahead', undefined],
        ['thrice', 3],
      ]),
    );
  });

  it('are accepted for namespaced and cluster-scoped objects, and counted', async () => {
    const recorder = createEventRecorder({
      client,
      controller: 'example.com/test',
      instance: 'pod-1',
      flushMs: 50,
    });
    const happened = {
      type: 'Warning' as const,
      reason: 'Broke',
      action: 'Work',
      note: 'ü'.repeat(2_000),
    };
    const regarding = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'seen', uid: 'u-1' };
    recorder.record({ ...happened, regarding });
    recorder.record({ ...happened, regarding: { apiVersion: 'v1', kind: 'PersistentVolume', name: 'pv-1' } });
    recorder.record({ ...happened, regarding });
    const read = async (): Promise<Event[]> =>
      (await client.listPage<Event>(kind, { namespace: 'default' })).items;
    await eventually(async () => (await read()).some(({ series }) => series?.count === 2));
    await recorder.close();
    const found = (await read()).filter(({ regarding: about }) =>
      ['seen', 'pv-1'].includes(about?.name ?? ''),
    );
    expect(found).toHaveLength(2);
  });
});

describe('connections', () => {
  it('are three at most for 330 calls, side by side or one after another', async () => {
    const proxy = await startTcpProxy(Number(new URL(plane.config.server).port));
    const server = `https://127.0.0.1:${proxy.port}`;
    const counted = createKubeClient({ ...plane.config, server }, { fieldManager: 'me' });
    const get = () => counted.get(namespaces, { name: 'default' });
    const remove = () => counted.delete(configMaps, key('nowhere'), { propagationPolicy: 'Background' });
    await Promise.all(Array.from({ length: 100 }, () => [get(), remove()]).flat());
    for (let call = 0; call < 65; call++) await Promise.all([get(), remove()]);
    await counted.close();
    await proxy.close();
    expect(proxy.opened).toBeLessThanOrEqual(3);
  });
});
