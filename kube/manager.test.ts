import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../telemetry/log.ts';
import { createFakeClock } from '../tests/fakes/fake-clock.ts';
import { FakeKube } from '../tests/fakes/fake-kube.ts';
import { createInformerSet } from './cache/informer-set.ts';
import type { KubeClient } from './client/kube-client.ts';
import { KubeError } from './client/kube-error.ts';
import { createController } from './runtime/controller.ts';
import { createLeaderElector } from './runtime/leader-election.ts';
import { leases } from './runtime/lease.ts';
import { writesOfLeader } from './runtime/leader-writes.ts';
import { createManager, type Runnable } from './manager.ts';
import { widgetKind } from '../tests/fakes/widgets.ts';

const widgets = widgetKind();
const lease = { namespace: 'velero', name: 'controller' };
const widget = (name: string) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { namespace: 'app', name },
});

/** What a pass does with the leader's client, besides being recorded in `seen`. */
type Pass = (name: string, client: KubeClient) => Promise<void>;

function setup(extra: Runnable[] = [], pass: Pass = () => Promise.resolve()) {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  const informers = createInformerSet({ client: kube.client(), clock });
  const seen: string[] = [];
  const order: string[] = [];
  const leaderElection = createLeaderElector({
    client: kube.client('lease'),
    lease,
    identity: 'me',
    clock,
    random: () => 0,
  });
  const client = writesOfLeader(kube.client(), () => leaderElection.isLeader());
  const controller = createController({
    name: 'widgets',
    log: silentLogger,
    clock,
    reconciler: {
      reconcile: ({ name }) => {
        seen.push(name);
        return pass(name, client);
      },
    },
  });
  const informer = informers.informer(widgets);
  informer.onChange((before, after) => {
    const object = after ?? before;
    if (object !== undefined) controller.enqueue({ namespace: 'app', name: object.metadata.name });
  });
  const manager = createManager({
    informers: [informers],
    runnables: [controller, ...extra],
    leaderElection,
    closers: [
      () => {
        order.push(
          `lease held by "${kube.peek(leases, lease)?.spec?.holderIdentity ?? ''}", watches ${kube.openWatches}`,
        );
        return Promise.reject(new Error('cannot close'));
      },
      () => {
        order.push('closed');
        return Promise.resolve();
      },
    ],
    log: silentLogger,
    clock,
  });
  const stop = new AbortController();
  return { clock, kube, manager, stop, seen, order, informer };
}

function createGate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

describe('manager', () => {
  it('comes into sync, leads, reconciles, and stops everything in order', async () => {
    const { clock, kube, manager, stop, seen, order } = setup();
    kube.seed(widgets, widget('old'));
    expect(manager.notReady()).toBe('not in sync: Widget');
    const running = manager.run(stop.signal);
    await clock.advance(100);
    expect(manager.notReady()).toBeUndefined();
    kube.seed(widgets, widget('new'));
    await clock.advance(100);
    expect(seen).toEqual(['old', 'new']);
    stop.abort();
    await clock.advance(30_000);
    await running;
    expect(manager.notReady()).toBe('stopping');
    expect(order).toEqual(['lease held by "", watches 0', 'closed']);
  });

  it('runs the informers on standby but reconciles nothing until it leads', async () => {
    const { clock, kube, manager, stop, seen } = setup();
    const spec = { holderIdentity: 'other', leaseDurationSeconds: 15 };
    kube.seed(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec });
    kube.seed(widgets, widget('a'));
    const running = manager.run(stop.signal);
    await clock.advance(10_000);
    expect([manager.notReady(), seen]).toEqual([undefined, []]);
    await clock.advance(10_000);
    expect(seen).toEqual(['a']);
    stop.abort();
    await clock.advance(30_000);
    await running;
  });

  it('ends with an error that names the kind that is not installed', async () => {
    const { clock, kube, manager, stop, order } = setup();
    kube.before = ({ kind }) => {
      if (kind === widgets) throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such thing' });
    };
    const failed = expect(manager.run(stop.signal)).rejects.toThrow(
      'Widget: the kind is not installed (apply its CRD)',
    );
    await clock.advance(90_000);
    await failed;
    expect(order).toHaveLength(2);
  });

  it('ends with an error when the leadership is lost', async () => {
    const { clock, kube, manager, stop } = setup();
    const failed = expect(manager.run(stop.signal)).rejects.toThrow('the lease velero/controller was lost');
    await clock.advance(1_000);
    kube.edit(leases, lease, (object) => (object.spec = { ...object.spec, holderIdentity: 'thief' }));
    await clock.advance(5_000);
    await failed;
  });

  it('stops everything when one part fails', async () => {
    const broken: Runnable = { name: 'broken', run: () => Promise.reject(new Error('out of paper')) };
    const { clock, kube, manager, stop, order } = setup([broken]);
    const failed = expect(manager.run(stop.signal)).rejects.toThrow('out of paper');
    await clock.advance(30_000);
    await failed;
    expect(order[0]).toBe('lease held by "", watches 0');
    expect(kube.openWatches).toBe(0);
  });

  it('stops without an error if it is aborted before it is in sync', async () => {
    const { clock, kube, manager, stop } = setup();
    kube.before = () => {
      throw new KubeError({ code: 0, reason: 'ConnectionError', message: 'away' });
    };
    const running = manager.run(stop.signal);
    await clock.advance(5_000);
    stop.abort();
    await clock.advance(100);
    await running;
  });

  it('keeps its caches up to date until the last pass is over', async () => {
    const gate = createGate();
    const found: (string | undefined)[] = [];
    const { clock, kube, manager, stop, informer, order } = setup([], async () => {
      await gate.opened;
      found.push(informer.store.get('app/late')?.metadata.name);
    });
    kube.seed(widgets, widget('early'));
    const running = manager.run(stop.signal);
    await clock.advance(100);
    stop.abort();
    await clock.advance(100);
    kube.seed(widgets, widget('late'));
    await clock.advance(100);
    gate.open();
    await clock.advance(100);
    await running;
    expect(found).toEqual(['late']);
    expect(order[0]).toBe('lease held by "", watches 0');
  });

  it('writes nothing more when the lease is lost while the last passes run', async () => {
    const gate = createGate();
    const { clock, kube, manager, stop } = setup([], async (name, client) => {
      if (name !== 'early') return;
      await gate.opened;
      await client.create(widgets, widget('made'));
    });
    kube.seed(widgets, widget('early'));
    const failed = expect(manager.run(stop.signal)).rejects.toThrow('the lease velero/controller was lost');
    await clock.advance(100);
    stop.abort();
    kube.edit(leases, lease, (object) => (object.spec = { ...object.spec, holderIdentity: 'thief' }));
    await clock.advance(3_000);
    gate.open();
    await clock.advance(10_000);
    await failed;
    expect(kube.peekAll(widgets).map(({ metadata }) => metadata.name)).toEqual(['early']);
  });

  it('is unhealthy when nothing was heard of a kind for a quarter of an hour', async () => {
    const { clock, manager, stop } = setup();
    const running = manager.run(stop.signal);
    await clock.advance(14 * 60_000);
    expect(manager.unhealthy()).toBeUndefined();
    await clock.advance(2 * 60_000);
    expect(manager.unhealthy()).toBe('no data received of: Widget');
    stop.abort();
    await clock.advance(30_000);
    await running;
  });
});
