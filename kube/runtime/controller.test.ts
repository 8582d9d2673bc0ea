import { describe, expect, it } from '@jest/globals';
import type { Key } from '../../api/kubernetes/meta.ts';
import { createPrometheusMetrics } from '../../telemetry/prometheus.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { createFakeClock, settle } from '../../tests/fakes/fake-clock.ts';
import { KubeError } from '../client/kube-error.ts';
import { type ControllerOptions, createController, type Reconciler } from './controller.ts';
import { exponentialLimiter } from './rate-limiter.ts';
import { TerminalError } from './terminal-error.ts';

const key: Key = { namespace: 'app', name: 'data' };

function setup(reconcile: Reconciler['reconcile'], more: Partial<ControllerOptions> = {}) {
  const clock = createFakeClock();
  const metrics = createPrometheusMetrics({ process: false });
  const controller = createController({
    name: 'test',
    reconciler: { reconcile },
    queue: { rateLimiter: exponentialLimiter() },
    log: silentLogger,
    metrics,
    clock,
    ...more,
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  const finish = async (): Promise<void> => {
    stop.abort();
    await clock.advance(60_000);
    await running;
  };
  return { clock, metrics, controller, stop, running, finish };
}

/** Throws the errors one by one, then succeeds. */
function failing(...errors: Error[]) {
  const passes: Key[] = [];
  const reconcile = (passKey: Key): Promise<void> => {
    passes.push(passKey);
    const error = errors.shift();
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  return { passes, reconcile };
}

describe('controller', () => {
  it('reconciles the key it was given, also one of a cluster-scoped object', async () => {
    const { passes, reconcile } = failing();
    const { controller, clock, finish } = setup(reconcile);
    controller.enqueue(key);
    controller.enqueue({ name: 'global' });
    await clock.advance(0);
    expect(passes).toEqual([key, { name: 'global' }]);
    await finish();
  });

  it('yields to the event loop between passes, even if many short ones are due', async () => {
    let passes = 0;
    let timers = 0;
    const counting = setInterval(() => timers++, 0);
    const { controller, finish } = setup(
      () => {
        passes++;
        return Promise.resolve();
      },
      { workers: 2 },
    );
    const many = 2_000;
    for (let index = 0; index < many; index++) controller.enqueue({ name: `key-${String(index)}` });
    let mostInOneTurn = 0;
    while (passes < many) {
      const before = passes;
      await new Promise((resolve) => setImmediate(resolve));
      mostInOneTurn = Math.max(mostInOneTurn, passes - before);
    }
    clearInterval(counting);
    expect(mostInOneTurn).toBeLessThanOrEqual(4);
    expect(timers).toBeGreaterThan(0);
    await finish();
  });

  it('reconciles urgent objects first', async () => {
    const { passes, reconcile } = failing();
    const { controller, clock, finish } = setup(reconcile, {
      workers: 1,
      priorityOf: ({ name }) => (name === 'urgent' ? 0 : 1),
    });
    for (const name of ['a', 'b', 'urgent']) controller.enqueue({ name });
    await clock.advance(0);
    expect(passes.map(({ name }) => name)).toEqual(['a', 'urgent', 'b']);
    await finish();
  });

  it('tries again after growing waits, and starts over after a success', async () => {
    const { passes, reconcile } = failing(new Error('1'), new Error('2'));
    const { controller, clock, metrics, finish } = setup(reconcile);
    controller.enqueue(key);
    await clock.advance(999);
    expect(passes).toHaveLength(1);
    await clock.advance(1);
    expect(passes).toHaveLength(2);
    await clock.advance(2_000);
    expect(passes).toHaveLength(3);
    await clock.advance(600_000);
    expect(passes).toHaveLength(3);
    const { body } = await metrics.scrape();
    expect(body).toContain('datamover_reconcile_total{controller="test",result="error"} 2');
    expect(body).toContain('datamover_reconcile_total{controller="test",result="success"} 1');
    expect(body).toContain('workqueue_retries_total{name="test"} 2');
    await finish();
  });

  it('does not count a conflict as an error, and retries soon', async () => {
    const conflict = new KubeError({ code: 409, reason: 'Conflict', message: 'modified' });
    const { passes, reconcile } = failing(conflict, conflict);
    const { controller, clock, metrics, finish } = setup(reconcile);
    controller.enqueue(key);
    await clock.advance(150);
    expect(passes).toHaveLength(3);
    const { body } = await metrics.scrape();
    expect(body).not.toContain('datamover_reconcile_errors_total{controller="test"}');
    expect(body).toContain('datamover_reconcile_total{controller="test",result="conflict"} 2');
    await finish();
  });

  it('counts a terminal error and does not try again', async () => {
    const { passes, reconcile } = failing(new TerminalError('never'));
    const { controller, clock, metrics, finish } = setup(reconcile);
    controller.enqueue(key);
    await clock.advance(3_600_000);
    expect(passes).toHaveLength(1);
    expect((await metrics.scrape()).body).toContain('datamover_reconcile_errors_total{controller="test"} 1');
    await finish();
  });

  it('reconciles again when requeueAfterMs has passed', async () => {
    let passes = 0;
    const { controller, clock, finish } = setup(() =>
      Promise.resolve(++passes === 1 ? { requeueAfterMs: 30_000 } : {}),
    );
    controller.enqueue(key);
    await clock.advance(29_999);
    expect(passes).toBe(1);
    await clock.advance(1);
    expect(passes).toBe(2);
    await finish();
  });

  it('runs as many keys side by side as it has workers, and one key only once', async () => {
    const running: string[] = [];
    const release: (() => void)[] = [];
    const { controller, clock, finish } = setup(
      ({ name }) => {
        running.push(name);
        return new Promise<void>((resolve) => release.push(resolve));
      },
      { workers: 2 },
    );
    for (const name of ['a', 'b', 'c']) controller.enqueue({ name });
    controller.enqueue({ name: 'a' });
    await settle();
    expect(running).toEqual(['a', 'b']);
    controller.enqueue({ name: 'a' });
    release.shift()?.();
    await settle();
    expect(running).toEqual(['a', 'b', 'c']);
    while (release.length > 0) {
      release.shift()?.();
      await clock.advance(0);
    }
    expect(running).toEqual(['a', 'b', 'c', 'a']);
    await finish();
  });

  it('ends a pass at its deadline through the signal, and tries again', async () => {
    const reasons: unknown[] = [];
    const { controller, clock, finish } = setup((_, { signal }) => {
      if (reasons.length > 0) return Promise.resolve();
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason as Error);
        }),
      );
    });
    controller.enqueue(key);
    await clock.advance(60_000);
    expect(reasons).toEqual([expect.objectContaining({ message: 'test app/data: not done within 60 s' })]);
    await finish();
  });

  it('survives a reconciler that throws instead of rejecting', async () => {
    let passes = 0;
    const { controller, clock, finish } = setup(() => {
      if (++passes === 1) throw new Error('at once');
      return Promise.resolve();
    });
    controller.enqueue(key);
    await clock.advance(1_000);
    expect(passes).toBe(2);
    await finish();
  });

  it('drains on shutdown, and aborts what is not over in time', async () => {
    const seen: string[] = [];
    const { controller, clock, stop, running } = setup(
      ({ name }, { signal }) => {
        seen.push(name);
        if (name !== 'slow') return Promise.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      },
      { workers: 1, drainMs: 5_000 },
    );
    for (const name of ['a', 'slow', 'dropped']) controller.enqueue({ name });
    await settle();
    stop.abort();
    await clock.advance(5_000);
    await running;
    expect(seen).toEqual(['a', 'slow']);
    expect(clock.pending).toBe(0);
  });
});
