import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../tests/fakes/fake-clock.ts';
import { FakeKube } from '../../tests/fakes/fake-kube.ts';
import { KubeError } from '../client/kube-error.ts';
import { createLeaderElector } from './leader-election.ts';
import { leases } from './lease.ts';

const lease = { namespace: 'velero', name: 'controller' };

function setup() {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  /** Creates a candidate whose work ends when its signal fires and `linger` has resolved. */
  function candidate(identity: string, linger: Promise<void> = Promise.resolve()) {
    const stop = new AbortController();
    const state: { led: number; ended: unknown; error: unknown } = {
      led: 0,
      ended: undefined,
      error: undefined,
    };
    const elector = createLeaderElector({
      client: kube.client(identity),
      lease,
      identity,
      clock,
      random: () => 0,
    });
    const running = elector
      .run(stop.signal, async (signal) => {
        state.led++;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        state.ended = signal.reason;
        await linger;
      })
      .catch((error: unknown) => {
        state.error = error;
      });
    return { stop, state, elector, running };
  }
  return { clock, kube, candidate };
}

const holder = (kube: FakeKube): unknown => kube.peek(leases, lease)?.spec?.holderIdentity;

describe('leader election', () => {
  it('elects one of two candidates and renews its lease', async () => {
    const { clock, kube, candidate } = setup();
    const [one, two] = [candidate('one'), candidate('two')];
    await clock.advance(120_000);
    expect([one.state.led, two.state.led]).toEqual([1, 0]);
    expect(holder(kube)).toBe('one');
    const renewedAt = Date.parse(kube.peek(leases, lease)?.spec?.renewTime ?? '');
    expect(clock.now() - renewedAt).toBeLessThanOrEqual(2_000);
  });

  it('releases the lease on shutdown, so that the next one leads within a retry', async () => {
    const { clock, kube, candidate } = setup();
    const [one, two] = [candidate('one'), candidate('two')];
    await clock.advance(10_000);
    one.stop.abort();
    await clock.advance(2_000);
    await one.running;
    expect(one.state.error).toBeUndefined();
    expect([holder(kube), two.state.led]).toEqual(['two', 1]);
    expect(kube.peek(leases, lease)?.spec?.leaseTransitions).toBe(1);
  });

  it('keeps renewing while the leader finishes its work', async () => {
    const { clock, kube, candidate } = setup();
    let finish: () => void = () => undefined;
    const one = candidate('one', new Promise((resolve) => (finish = resolve)));
    const two = candidate('two');
    await clock.advance(5_000);
    one.stop.abort();
    await clock.advance(60_000);
    expect([holder(kube), two.state.led]).toEqual(['one', 0]);
    finish();
    await clock.advance(3_000);
    expect(holder(kube)).toBe('two');
  });

  it('takes over from a leader that died, after the lease ran out and not before', async () => {
    const { clock, kube, candidate } = setup();
    const spec = {
      holderIdentity: 'dead',
      leaseDurationSeconds: 15,
      renewTime: '2025-01-01T00:00:00.000000Z',
    };
    kube.seed(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec });
    const one = candidate('one');
    await clock.advance(14_000);
    expect(one.state.led).toBe(0);
    await clock.advance(4_000);
    expect(one.state.led).toBe(1);
  });

  it('ends the leadership if the lease cannot be renewed, before another candidate may lead', async () => {
    const { clock, kube, candidate } = setup();
    const one = candidate('one');
    await clock.advance(4_000);
    kube.before = ({ fieldManager }) => {
      if (fieldManager === 'one')
        throw new KubeError({ code: 0, reason: 'ConnectionError', message: 'away' });
    };
    const two = candidate('two');
    await clock.advance(12_500);
    await one.running;
    expect(one.state.error).toMatchObject({ name: 'LeadershipLostError' });
    expect(one.state.ended).toMatchObject({ name: 'LeadershipLostError' });
    expect(two.state.led).toBe(0);
    expect(one.elector.isLeader()).toBe(false);
    await clock.advance(10_000);
    expect(two.state.led).toBe(1);
  });

  it('ends the leadership if a renewal hangs', async () => {
    const { clock, kube, candidate } = setup();
    const one = candidate('one');
    await clock.advance(3_000);
    kube.before = () => new Promise(() => undefined);
    await clock.advance(12_000);
    expect(one.state.ended).toMatchObject({ name: 'LeadershipLostError' });
    await one.running;
    expect(one.state.error).toMatchObject({ name: 'LeadershipLostError' });
  });

  it('ends the leadership at once if another holder took the lease', async () => {
    const { clock, kube, candidate } = setup();
    const one = candidate('one');
    await clock.advance(4_000);
    kube.edit(leases, lease, (object) => (object.spec = { ...object.spec, holderIdentity: 'thief' }));
    await clock.advance(2_000);
    await one.running;
    expect(one.state.error).toMatchObject({ name: 'LeadershipLostError' });
    expect(holder(kube)).toBe('thief');
  });

  it('leads no longer than its lease, also before a timer notices', async () => {
    const { clock, kube, candidate } = setup();
    const one = candidate('one');
    await clock.advance(3_000);
    expect(one.elector.isLeader()).toBe(true);
    kube.before = () => new Promise(() => undefined);
    // The process is suspended: time passes, and no timer has run yet.
    clock.standStill(10_000);
    expect(one.elector.isLeader()).toBe(false);
    await clock.advance(1_000);
    await one.running;
    expect(one.state.error).toMatchObject({ name: 'LeadershipLostError' });
  });

  it('stops a candidate that is still waiting', async () => {
    const { clock, kube, candidate } = setup();
    const one = candidate('one');
    await clock.advance(0);
    const two = candidate('two');
    await clock.advance(5_000);
    two.stop.abort();
    await clock.advance(0);
    await two.running;
    expect([two.state.led, holder(kube), one.state.led]).toEqual([0, 'one', 1]);
  });
});
