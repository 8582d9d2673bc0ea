import { describe, expect, it } from '@jest/globals';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { KubeError } from '../client/kube-error.ts';
import { sleep } from '../runtime/clock.ts';
import { createInformerSet } from './informer-set.ts';

const configMaps: Kind<Resource & { data?: Record<string, string> }> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const object = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'app', name, labels },
});

function setup() {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const informers = createInformerSet({ client: kube.client(), clock, random: () => 0 });
  const stop = new AbortController();
  return { clock, kube, informers, stop };
}

describe('informer set', () => {
  it('caches objects, reports every change to every handler, and finds objects by index', async () => {
    const { clock, kube, informers, stop } = setup();
    kube.seed(configMaps, object('old', { team: 'x' }));
    const informer = informers.informer(configMaps, {
      indexers: { team: (one) => [one.metadata.labels?.team ?? ''] },
    });
    const seen: string[] = [];
    informer.onChange((before, after) =>
      seen.push(`${before?.metadata.name ?? '-'} ${after?.metadata.name ?? '-'}`),
    );
    const running = informers.run(stop.signal);
    await clock.advance(0);
    await informers.waitForSync({ timeoutMs: 1_000 });
    kube.seed(configMaps, object('new', { team: 'x' }));
    kube.edit(configMaps, { namespace: 'app', name: 'new' }, (one) => (one.data = { a: 'b' }));
    kube.remove(configMaps, { namespace: 'app', name: 'old' });
    await clock.advance(0);
    expect(seen).toEqual(['- old', '- new', 'new new', 'old -']);
    expect(informer.store.byIndex('team', 'x').map((one) => one.data)).toEqual([{ a: 'b' }]);
    const late: unknown[] = [];
    informer.onChange((_, after) => late.push(after?.metadata.name));
    expect(late).toEqual(['new']);
    stop.abort();
    await running;
    expect(kube.openWatches).toBe(0);
  });

  it('lists and watches each kind and scope once, and starts late informers at once', async () => {
    const { clock, kube, informers, stop } = setup();
    const running = informers.run(stop.signal);
    const first = informers.informer(configMaps, { namespace: 'app' });
    const second = informers.informer(configMaps, { namespace: 'app' });
    informers.informer(configMaps);
    await clock.advance(0);
    expect(second).toBe(first);
    expect(kube.calls.filter(({ verb }) => verb === 'list')).toHaveLength(2);
    expect(first.hasSynced()).toBe(true);
    expect(() => informers.informer(configMaps, { transform: (one) => one })).toThrow('another transform');
    stop.abort();
    await running;
  });

  it('continues if a handler throws', async () => {
    const { clock, kube, informers, stop } = setup();
    const informer = informers.informer(configMaps);
    const seen: unknown[] = [];
    informer.onChange(() => {
      throw new Error('handler');
    });
    informer.onChange((_, after) => seen.push(after?.metadata.name));
    const running = informers.run(stop.signal);
    await clock.advance(0);
    kube.seed(configMaps, object('a'));
    await clock.advance(0);
    expect(seen).toEqual(['a']);
    stop.abort();
    await running;
  });

  it.each([
    [404, 'ConfigMap: the kind is not installed (apply its CRD)'],
    [403, 'ConfigMap: not allowed to list and watch (check the RBAC)'],
  ])('names what is missing when a list answers %i', async (code, words) => {
    const { clock, kube, informers, stop } = setup();
    kube.before = () => {
      throw new KubeError({ code, reason: 'No', message: 'no' });
    };
    informers.informer(configMaps);
    const running = informers.run(stop.signal);
    const waiting = expect(informers.waitForSync({ timeoutMs: 5_000 })).rejects.toThrow(words);
    await clock.advance(6_000);
    await waiting;
    stop.abort();
    await running;
  });

  /** Returns each page after `pageMs`. */
  function setupPages(pages: number, pageMs: number) {
    const clock = createFakeClock();
    const kube = new FakeKube({ clock });
    const client: KubeClient = {
      ...kube.client(),
      listPage: async (_, { continueToken = '0', signal } = {}) => {
        await sleep(clock, pageMs, signal);
        const next = Number(continueToken) + 1;
        return {
          items: [],
          resourceVersion: '1',
          ...(next < pages && { continueToken: String(next) }),
        };
      },
    };
    const informers = createInformerSet({ client, clock, random: () => 0 });
    informers.informer(configMaps);
    return { clock, informers, stop: new AbortController() };
  }

  it('waits for a long list as long as its pages come', async () => {
    const { clock, informers, stop } = setupPages(10, 4_000);
    const running = informers.run(stop.signal);
    let isSynced = false;
    const waiting = informers.waitForSync({ timeoutMs: 5_000 }).then(() => (isSynced = true));
    await clock.advance(39_000);
    expect(isSynced).toBe(false);
    await clock.advance(2_000);
    await waiting;
    stop.abort();
    await running;
  });

  it('fails if the next page of a list does not arrive, and names the kind', async () => {
    const { clock, informers, stop } = setupPages(10, 6_000);
    const running = informers.run(stop.signal);
    const waiting = expect(informers.waitForSync({ timeoutMs: 5_000 })).rejects.toThrow(
      'not in sync, and nothing received for 5 s: ConfigMap: no answer',
    );
    await clock.advance(5_500);
    await waiting;
    stop.abort();
    await running;
  });
});
