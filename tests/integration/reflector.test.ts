import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createInformerSet, type InformerSet } from '../../kube/cache/informer-set.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { configMap, configMaps, eventually, widgets } from './widgets.ts';

jest.setTimeout(120_000);

let plane: ControlPlane;
let proxy: TcpProxy;
/** Connects through the proxy, like the informers. */
let client: KubeClient;
let direct: KubeClient;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  proxy = await startTcpProxy(Number(new URL(plane.config.server).port));
  const server = `https://127.0.0.1:${proxy.port}`;
  client = createKubeClient({ ...plane.config, server }, { fieldManager: 'me' });
  direct = createKubeClient(plane.config, { fieldManager: 'direct' });
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await Promise.all([client.close(), direct.close()]);
  await proxy.close();
  await plane.stop();
});

/** Runs the informers until the test ends. */
function runAll(informers: InformerSet): void {
  const stop = new AbortController();
  const running = informers.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await running;
  });
}

function mirror() {
  const calls: string[] = [];
  const counting: KubeClient = {
    ...client,
    listPage: (kind, options) => {
      calls.push('list');
      return client.listPage(kind, options);
    },
    watch: (kind, options) => {
      calls.push('watch');
      return client.watch(kind, options);
    },
  };
  const informers = createInformerSet({ client: counting });
  const informer = informers.informer(configMaps, { namespace: 'default', labelSelector: 'mirror=yes' });
  const changes: string[] = [];
  informer.onChange((before, after) =>
    changes.push(`${before?.metadata.name ?? '-'} > ${after?.metadata.name ?? '-'}`),
  );
  runAll(informers);
  const mirrored = (name: string, value?: string): boolean => {
    const data = informer.store.get({ namespace: 'default', name })?.data;
    return value === undefined ? data === undefined : data?.value === value;
  };
  return { informers, informer, changes, calls, mirrored };
}

const marked = (name: string, value: string) => configMap(name, { value }, { labels: { mirror: 'yes' } });
const remove = (name: string) => client.delete(configMaps, { namespace: 'default', name });

describe('reflector', () => {
  it('follows objects, in and out of its selector, within a moment', async () => {
    await client.create(configMaps, marked('early', '1'));
    const { informers, changes, mirrored } = mirror();
    await informers.waitForSync({ timeoutMs: 60_000 });
    expect(mirrored('early', '1')).toBe(true);
    await client.create(configMaps, marked('late', '1'));
    await client.mergePatch(configMaps, { namespace: 'default', name: 'late' }, { data: { value: '2' } });
    const changedAt = performance.now();
    await eventually(() => mirrored('late', '2'));
    // By its watch: it would list again after five minutes.
    expect(performance.now() - changedAt).toBeLessThan(30_000);
    await client.mergePatch(
      configMaps,
      { namespace: 'default', name: 'late' },
      { metadata: { labels: { mirror: 'no' } } },
    );
    await remove('early');
    await eventually(() => mirrored('late') && mirrored('early'));
    expect(changes).toEqual(['- > early', '- > late', 'late > late', 'late > -', 'early > -']);
    await remove('late');
  });

  it('resumes its watch after a network failure, without a new list', async () => {
    const { informers, calls, mirrored } = mirror();
    await informers.waitForSync({ timeoutMs: 60_000 });
    await client.create(configMaps, marked('stays', '1'));
    await client.create(configMaps, marked('goes', '1'));
    await eventually(() => mirrored('stays', '1') && mirrored('goes', '1'));
    proxy.cut();
    await direct.mergePatch(configMaps, { namespace: 'default', name: 'stays' }, { data: { value: '2' } });
    await direct.delete(configMaps, { namespace: 'default', name: 'goes' });
    await eventually(() => informers.status()[0]?.lastError !== undefined);
    proxy.heal();
    await eventually(() => mirrored('stays', '2') && mirrored('goes'), 60_000);
    expect(calls.filter((call) => call === 'list')).toHaveLength(1);
    await remove('stays');
  });

  it('misses nothing when the API server is killed and comes back', async () => {
    const { informers, mirrored } = mirror();
    await informers.waitForSync({ timeoutMs: 60_000 });
    await client.create(configMaps, marked('stays', '1'));
    await client.create(configMaps, marked('goes', '1'));
    await eventually(() => mirrored('stays', '1') && mirrored('goes', '1'));
    await plane.stopApiserver('SIGKILL');
    await eventually(() => informers.status()[0]?.lastError !== undefined);
    await plane.startApiserver();
    await direct.mergePatch(configMaps, { namespace: 'default', name: 'stays' }, { data: { value: '2' } });
    await direct.delete(configMaps, { namespace: 'default', name: 'goes' });
    await eventually(() => mirrored('stays', '2') && mirrored('goes'), 60_000);
    await remove('stays');
  });

  it('lists again if its version was compacted, and finds deletions that way', async () => {
    const { informers, calls, changes, mirrored } = mirror();
    await informers.waitForSync({ timeoutMs: 60_000 });
    await client.create(configMaps, marked('kept', '1'));
    await client.create(configMaps, marked('lost', '1'));
    await eventually(() => mirrored('kept', '1') && mirrored('lost', '1'));
    proxy.cut();
    await direct.delete(configMaps, { namespace: 'default', name: 'lost' });
    await direct.apply(configMaps, marked('kept', '2'));
    await plane.compact();
    // A running API server still has the events in memory; a restarted one has not.
    await plane.stopApiserver('SIGKILL');
    await plane.startApiserver();
    expect(mirrored('lost', '1')).toBe(true);
    proxy.heal();
    await eventually(() => mirrored('kept', '2') && mirrored('lost'), 60_000);
    expect(calls.filter((call) => call === 'list').length).toBeGreaterThanOrEqual(2);
    expect(changes).toContain('lost > -');
    await remove('kept');
  });

  it('reports which kind is not installed and which is forbidden', async () => {
    const isRefused = (informers: InformerSet): boolean =>
      informers.status().some(({ lastError }) => lastError !== undefined);
    const powerless = createKubeClient(plane.powerless, { fieldManager: 'nobody' });
    stops.push(() => powerless.close());
    const forbidden = createInformerSet({ client: powerless });
    forbidden.informer(configMaps);
    runAll(forbidden);
    await eventually(() => isRefused(forbidden));
    await expect(forbidden.waitForSync({ timeoutMs: 1_000 })).rejects.toThrow(
      'ConfigMap: not allowed to list and watch',
    );
    const missing = createInformerSet({ client });
    missing.informer({ ...widgets, kind: 'Gadget', plural: 'gadgets' });
    runAll(missing);
    await eventually(() => isRefused(missing));
    await expect(missing.waitForSync({ timeoutMs: 1_000 })).rejects.toThrow(
      'Gadget: the kind is not installed',
    );
  });
});
