import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createController } from '../../kube/runtime/controller.ts';
import { createLeaderElector } from '../../kube/runtime/leader-election.ts';
import { leases } from '../../kube/runtime/lease.ts';
import { createManager } from '../../kube/manager.ts';
import { isConditionTrue, setCondition } from '../../kube/status/conditions.ts';
import { addFinalizer, removeFinalizer } from '../../kube/status/finalizers.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { configMap, configMaps, eventually, installWidgets, widget, widgets } from './widgets.ts';

jest.setTimeout(90_000);

let plane: ControlPlane;
let client: KubeClient;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  client = connect('tests');
  await installWidgets(client);
}, 120_000);
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  await client.close();
  await plane.stop();
});

function connect(fieldManager: string): KubeClient {
  return createKubeClient(plane.config, { fieldManager, timeoutMs: 5_000 });
}

const lease = { namespace: 'default', name: 'widgets' };
const finalizer = 'integration.example.com/guard';

/** Starts a complete program: it creates a ConfigMap for each widget, reports it in the widget's status, and deletes it again. */
function startProgram(identity: string) {
  const [own, ofLease] = [connect('widget-controller'), connect(identity)];
  const passes: string[] = [];
  const informers = createInformerSet({ client: own });
  const all = informers.informer(widgets);
  const controller = createController({
    name: 'widgets',
    log: silentLogger,
    reconciler: {
      async reconcile(key, { signal }) {
        passes.push(key.name);
        const object = await own.get(widgets, key, { signal });
        if (object === undefined) return;
        if (object.metadata.deletionTimestamp !== undefined) {
          await own.delete(configMaps, key, { signal });
          await removeFinalizer(own, widgets, { object, finalizer }, { signal });
          return;
        }
        await addFinalizer(own, widgets, { object, finalizer }, { signal });
        await own.apply(
          configMaps,
          { ...configMap(key.name, { size: String(object.spec?.size) }) },
          { signal },
        );
        const { generation } = object.metadata;
        const conditions = setCondition(
          object.status?.conditions,
          {
            type: 'Ready',
            status: 'True',
            reason: 'Made',
            message: '',
            ...(generation === undefined ? {} : { observedGeneration: generation }),
          },
          new Date(),
        );
        await own.applyStatus(widgets, widget(key.name, { status: { phase: 'Made', conditions } }), {
          signal,
        });
      },
    },
  });
  all.onChange((before, after) => {
    const { namespace = 'default', name = '' } = (after ?? before)?.metadata ?? {};
    controller.enqueue({ namespace, name });
  });
  const elector = createLeaderElector({
    client: ofLease,
    lease,
    identity,
    leaseMs: 30_000,
    renewDeadlineMs: 20_000,
    retryMs: 300,
  });
  const manager = createManager({
    informers: [informers],
    runnables: [controller],
    leaderElection: elector,
    closers: [() => own.close(), () => ofLease.close()],
    log: silentLogger,
  });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  stops.push(() => end().catch(() => undefined));
  return { passes, elector, running, end };
}

const stored = (name: string) => client.get(configMaps, { namespace: 'default', name });

describe('a controller on a real API server', () => {
  it('creates and updates objects, cleans up, and is idle if nothing changes', async () => {
    const { passes } = startProgram('one');
    await client.apply(widgets, widget('story', { spec: { size: 1 } }));
    await eventually(async () => (await stored('story'))?.data?.size === '1');
    await client.apply(widgets, widget('story', { spec: { size: 2 } }));
    await eventually(async () => (await stored('story'))?.data?.size === '2');
    await eventually(async () => {
      const object = await client.get(widgets, { namespace: 'default', name: 'story' });
      const { conditions } = object?.status ?? {};
      return isConditionTrue(conditions, 'Ready') && conditions?.[0]?.observedGeneration === 2;
    });
    let before = -1;
    while (before !== passes.length) {
      before = passes.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const quiet = await client.get(widgets, { namespace: 'default', name: 'story' });
    await client.delete(widgets, { namespace: 'default', name: 'story' });
    await eventually(
      async () => (await client.get(widgets, { namespace: 'default', name: 'story' })) === undefined,
    );
    expect(await stored('story')).toBeUndefined();
    expect(quiet?.metadata.finalizers).toEqual([finalizer]);
    expect(passes.length).toBeLessThan(12);
  });

  it('handles many at once, each of them once at a time', async () => {
    startProgram('one');
    const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => client.apply(widgets, widget(name, { spec: { size: 3 } }))));
    await eventually(async () => {
      const { items } = await client.listPage(configMaps, { namespace: 'default' });
      return names.every((name) => items.some((item) => item.metadata.name === name));
    });
    await Promise.all(names.map((name) => client.delete(widgets, { namespace: 'default', name })));
    await eventually(
      async () => (await client.listPage(widgets, { namespace: 'default' })).items.length === 0,
    );
  });

  it('has one leader of two candidates, and the other takes over when it stops', async () => {
    const [one, two] = [startProgram('one'), startProgram('two')];
    await eventually(() => one.elector.isLeader() !== two.elector.isLeader());
    const [leader, standby] = one.elector.isLeader() ? [one, two] : [two, one];
    await client.apply(widgets, widget('led', { spec: { size: 1 } }));
    await eventually(async () => (await stored('led')) !== undefined);
    expect(standby.passes).toEqual([]);
    const stoppedAt = performance.now();
    await leader.end();
    await eventually(() => standby.elector.isLeader());
    // The lease was released: the next one need not wait for half a minute.
    expect(performance.now() - stoppedAt).toBeLessThan(15_000);
    await client.apply(widgets, widget('led', { spec: { size: 2 } }));
    await eventually(async () => (await stored('led'))?.data?.size === '2');
    expect((await client.get(leases, lease))?.spec?.leaseTransitions).toBeGreaterThan(0);
    await client.delete(widgets, { namespace: 'default', name: 'led' });
    await eventually(async () => (await stored('led')) === undefined);
  });

  it('stops leading if the API server is unavailable for too long', async () => {
    const program = startProgram('one');
    await eventually(() => program.elector.isLeader());
    const lost = expect(program.running).rejects.toThrow('the lease default/widgets was lost');
    await plane.stopApiserver('SIGKILL');
    await lost;
    expect(program.elector.isLeader()).toBe(false);
    await plane.startApiserver();
  });
});
