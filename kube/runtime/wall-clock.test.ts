import { describe, expect, it } from '@jest/globals';
import { createFakeClock, type FakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { createBackoff } from '../cache/backoff.ts';
import { createInformerSet } from '../cache/informer-set.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { createLeaderElector } from './leader-election.ts';
import { leases } from './lease.ts';
import { createManager } from '../manager.ts';
import { bucketLimiter } from './rate-limiter.ts';
import { createWorkQueue } from './work-queue.ts';

const HOUR_MS = 3_600_000;
const lease = { namespace: 'velero', name: 'controller' };

function candidate(kube: FakeKube, clock: FakeClock, identity: string) {
  const stop = new AbortController();
  const elector = createLeaderElector({ client: kube.client(identity), lease, identity, clock });
  const work = { ended: false };
  const over = elector
    .run(stop.signal, async (signal) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      work.ended = true;
    })
    .catch(() => undefined);
  return { elector, stop, over, work };
}

describe.each([
  ['set back by an hour', -HOUR_MS],
  ['set forward by an hour', HOUR_MS],
])('a wall clock that is %s', (_, step) => {
  it('changes neither when a delayed item is due nor how long a failed one waits', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ name: 'test', clock });
    queue.addAfter('later', 1_000);
    queue.addRateLimited('failed');
    clock.stepWall(step);
    queue.addAfter('after', 1_000);
    await clock.advance(999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(3);
  });

  it('neither fills nor empties the bucket of attempts', () => {
    const clock = createFakeClock();
    const limiter = bucketLimiter({ perSecond: 10, burst: 2, clock });
    expect([limiter.when('a'), limiter.when('a'), limiter.when('a')]).toEqual([0, 0, 100]);
    clock.stepWall(step);
    expect(limiter.when('a')).toBe(200);
  });

  it('does not restart a back-off', () => {
    const clock = createFakeClock();
    const backoff = createBackoff({ clock, random: () => 0 });
    backoff.next();
    clock.stepWall(step);
    expect(backoff.next()).toBe(1_600);
  });

  it('does not end the leadership or move the lease to another candidate', async () => {
    const clock = createFakeClock();
    const kube = new FakeKube({ clock });
    const first = candidate(kube, clock, 'first');
    await clock.advance(0);
    const second = candidate(kube, clock, 'second');
    await clock.advance(4_000);
    clock.stepWall(step);
    await clock.advance(60_000);
    expect([first.elector.isLeader(), first.work.ended, second.elector.isLeader()]).toEqual([
      true,
      false,
      false,
    ]);
    for (const { stop } of [second, first]) stop.abort();
    await clock.advance(3_000);
    await Promise.all([first.over, second.over]);
  });

  it('does not keep the lease of a leader that died any longer', async () => {
    const clock = createFakeClock();
    const kube = new FakeKube({ clock });
    const spec = { holderIdentity: 'dead', leaseDurationSeconds: 15 };
    await kube
      .client('dead')
      .create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec });
    const heir = candidate(kube, clock, 'heir');
    await clock.advance(2_000);
    clock.stepWall(step);
    await clock.advance(12_000);
    expect(heir.elector.isLeader()).toBe(false);
    await clock.advance(5_000);
    expect(heir.elector.isLeader()).toBe(true);
    heir.stop.abort();
    await clock.advance(3_000);
    await heir.over;
  });

  it('does not turn the manager unhealthy', async () => {
    const clock = createFakeClock();
    const informers = createInformerSet({ client: new FakeKube({ clock }).client('test'), clock });
    informers.informer(leases);
    const manager = createManager({ informers: [informers], runnables: [], log: silentLogger, clock });
    const stop = new AbortController();
    const over = manager.run(stop.signal);
    await clock.advance(100);
    clock.stepWall(step);
    expect(manager.unhealthy()).toBeUndefined();
    stop.abort();
    await clock.advance(100);
    await over;
  });
});
