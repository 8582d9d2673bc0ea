import { randomUUID } from 'node:crypto';
import { formatKey, type Key, parseKey } from '../../api/kubernetes/meta.ts';
import type { LogFields, Logger } from '../../telemetry/log.ts';
import { type Metrics, noMetrics } from '../../telemetry/metrics.ts';
import { isConflict } from '../client/kube-error.ts';
import { whenAborted } from './abort.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { exponentialLimiter } from './rate-limiter.ts';
import { LeadershipLostError } from './leader-election.ts';
import { createReconcileMetrics } from './reconcile-metrics.ts';
import { TerminalError } from './terminal-error.ts';
import { nextTurn } from './turns.ts';
import { createWorkQueue, type WorkQueue, type WorkQueueOptions } from './work-queue.ts';

/** With a time: reconcile again after it. */
export interface ReconcileResult {
  requeueAfterMs?: number;
}

export interface ReconcileContext {
  /** Fires at the deadline of this pass, or at the end of a shutdown. */
  signal: AbortSignal;
  /** Has the fields controller, namespace, name and reconcileID. */
  log: Logger;
  reconcileID: string;
}

/**
 * Reconciles one object. Level-based: it gets the key only, never the event, and reads the current state. A thrown error is
 * retried after a growing wait; see also {@link TerminalError}.
 */
export interface Reconciler {
  reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult | void>;
}

export interface ControllerOptions {
  /** For logs and metrics. */
  name: string;
  reconciler: Reconciler;
  /** Passes that may run at the same time, for different keys. Default 10. */
  workers?: number;
  /** Time limit of one pass. Default 60 s. */
  deadlineMs?: number;
  /** How long a shutdown waits for queued and running passes. Default 10 s. */
  drainMs?: number;
  /** The queue, or options that replace its defaults. */
  queue?: WorkQueue | Omit<WorkQueueOptions, 'name'>;
  /** Returns the priority of an object that is due; the lowest number comes first. Default: the same for all. */
  priorityOf?: (key: Key) => number;
  log: Logger;
  /** Returns fields for log lines about an object, besides its key. */
  logFields?: (key: Key) => LogFields;
  metrics?: Metrics;
  clock?: Clock;
}

export interface Controller {
  readonly name: string;
  enqueue(key: Key): void;
  enqueueAfter(key: Key, ms: number): void;
  /**
   * Runs until `signal` fires, then drains; resolves after the last pass. If the signal's reason is a LeadershipLostError, it
   * aborts at once instead.
   */
  run(signal: AbortSignal): Promise<void>;
}

export function createController(options: ControllerOptions): Controller {
  const { name, reconciler, workers = 10, deadlineMs = 60_000, drainMs = 10_000 } = options;
  const clock = options.clock ?? systemClock;
  const metrics = options.metrics ?? noMetrics;
  const queue = makeQueue(options, { clock, metrics });
  const measure = createReconcileMetrics({ controller: name, workers, metrics, clock });
  // Another writer was faster: retry soon, but not in a tight loop if two writers fight.
  const conflicts = exponentialLimiter({ baseMs: 50, maxMs: 5_000 });

  function onSuccess(item: string, result: ReconcileResult | void): void {
    queue.forget(item);
    conflicts.forget(item);
    const after = typeof result === 'object' ? result.requeueAfterMs : undefined;
    if (after !== undefined) queue.addAfter(item, after);
  }

  function onFailure(item: string, error: unknown, log: Logger): 'conflict' | 'terminal' | 'error' {
    if (isConflict(error)) {
      log.debug({ err: error }, 'the object has changed; retrying');
      queue.addAfter(item, conflicts.when(item));
      return 'conflict';
    }
    conflicts.forget(item);
    // Another process reconciles it next; the end of this process is logged once.
    if (error instanceof LeadershipLostError) return 'error';
    if (error instanceof TerminalError) {
      log.error({ err: error }, 'reconcile failed permanently');
      queue.forget(item);
      return 'terminal';
    }
    queue.addRateLimited(item);
    log.error({ err: error, retries: queue.retries(item) }, 'reconcile failed; retrying later');
    return 'error';
  }

  async function work(item: string, stop: AbortSignal): Promise<void> {
    const key = parseKey(item);
    const reconcileID = randomUUID();
    const log = options.log.child({ controller: name, ...key, ...options.logFields?.(key), reconcileID });
    const pass = startPass({ stop, deadlineMs, clock, what: `${name} ${item}` });
    const finish = measure.start();
    try {
      const result = await reconciler.reconcile(key, { signal: pass.signal, log, reconcileID });
      onSuccess(item, result);
      finish(typeof result === 'object' && result.requeueAfterMs !== undefined ? 'requeue_after' : 'success');
    } catch (error) {
      finish(onFailure(item, error, log));
    } finally {
      pass.end();
      queue.done(item);
    }
  }

  async function worker(stop: AbortSignal): Promise<void> {
    for (;;) {
      const item = await queue.get();
      if (item === undefined) return;
      await work(item, stop);
      // Passes without I/O must not delay timers, for example the renewal of the lease.
      await nextTurn();
    }
  }

  return {
    name,
    enqueue: (key) => queue.add(formatKey(key)),
    enqueueAfter: (key, ms) => queue.addAfter(formatKey(key), ms),
    async run(signal) {
      const stop = new AbortController();
      const all = Promise.all(Array.from({ length: workers }, () => worker(stop.signal)));
      await whenAborted(signal);
      // Another process may lead already: start no pass, and stop those that run.
      const mayDrain = !(signal.reason instanceof LeadershipLostError);
      const drained = queue.shutdown({ drain: mayDrain });
      const timer = new AbortController();
      await Promise.race([drained, sleep(clock, mayDrain ? drainMs : 0, timer.signal)]);
      timer.abort();
      stop.abort(new Error(`${name}: shutting down`));
      await queue.shutdown({ drain: false });
      await all;
    },
  };
}

function makeQueue(options: ControllerOptions, shared: { clock: Clock; metrics: Metrics }): WorkQueue {
  const { queue = {}, name, priorityOf } = options;
  if ('add' in queue) return queue;
  const ordered = priorityOf && { priorityOf: (item: string) => priorityOf(parseKey(item)) };
  return createWorkQueue({ ...shared, ...ordered, ...queue, name });
}

/** Creates the signal of one pass: it fires at the deadline or at the shutdown. */
function startPass(options: { stop: AbortSignal; deadlineMs: number; clock: Clock; what: string }) {
  const { stop, deadlineMs, clock, what } = options;
  const controller = new AbortController();
  const onStop = (): void => controller.abort(stop.reason);
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  const cancel = clock.after(deadlineMs, () =>
    controller.abort(new Error(`${what}: not done within ${String(deadlineMs / 1000)} s`)),
  );
  return {
    signal: controller.signal,
    end(): void {
      cancel();
      stop.removeEventListener('abort', onStop);
    },
  };
}
