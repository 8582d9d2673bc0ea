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

/** Nothing, or a moment to look again. */
export interface ReconcileResult {
  requeueAfterMs?: number;
}

export interface ReconcileContext {
  /** Fires at the deadline of this pass and at the end of a shutdown. */
  signal: AbortSignal;
  /** Carries controller, namespace, name and reconcileID. */
  log: Logger;
  reconcileID: string;
}

/**
 * Brings one object to where it should be. Level-based: it is told which object, never what happened, and reads
 * everything anew. A thrown error means: again, after a growing wait; see also {@link TerminalError}.
 */
export interface Reconciler {
  reconcile(key: Key, context: ReconcileContext): Promise<ReconcileResult | void>;
}

export interface ControllerOptions {
  /** In logs and metrics. */
  name: string;
  reconciler: Reconciler;
  /** Passes that may run side by side, each for another key. Default 10. */
  workers?: number;
  /** Time limit of one pass. Default 60 s. */
  deadlineMs?: number;
  /** How long a shutdown lets queued and running passes go on. Default 10 s. */
  drainMs?: number;
  /** The queue, or what differs from the default one. */
  queue?: WorkQueue | Omit<WorkQueueOptions, 'name'>;
  /** Which of the objects that are due come first: those with the lowest number. Default: all alike. */
  priorityOf?: (key: Key) => number;
  log: Logger;
  /** What lines about an object say beside its key. */
  logFields?: (key: Key) => LogFields;
  metrics?: Metrics;
  clock?: Clock;
}

export interface Controller {
  readonly name: string;
  enqueue(key: Key): void;
  enqueueAfter(key: Key, ms: number): void;
  /**
   * Works until `signal` fires, then drains; resolves when the last pass is over. With a LeadershipLostError as the
   * signal's reason it does not drain but aborts at once.
   */
  run(signal: AbortSignal): Promise<void>;
}

export function createController(options: ControllerOptions): Controller {
  const { name, reconciler, workers = 10, deadlineMs = 60_000, drainMs = 10_000 } = options;
  const clock = options.clock ?? systemClock;
  const metrics = options.metrics ?? noMetrics;
  const queue = makeQueue(options, { clock, metrics });
  const measure = createReconcileMetrics({ controller: name, workers, metrics, clock });
  // Somebody else was faster: try again soon, but not in a tight loop should two writers quarrel.
  const conflicts = exponentialLimiter({ baseMs: 50, maxMs: 5_000 });

  function onSuccess(item: string, result: ReconcileResult | void): void {
    queue.forget(item);
    conflicts.forget(item);
    const after = typeof result === 'object' ? result.requeueAfterMs : undefined;
    if (after !== undefined) queue.addAfter(item, after);
  }

  function onFailure(item: string, error: unknown, log: Logger): 'conflict' | 'terminal' | 'error' {
    if (isConflict(error)) {
      log.debug({ err: error }, 'the object changed meanwhile; trying again');
      queue.addAfter(item, conflicts.when(item));
      return 'conflict';
    }
    conflicts.forget(item);
    // Another process looks at it next; the end of this one is logged once.
    if (error instanceof LeadershipLostError) return 'error';
    if (error instanceof TerminalError) {
      log.error({ err: error }, 'reconcile failed for good');
      queue.forget(item);
      return 'terminal';
    }
    queue.addRateLimited(item);
    log.error({ err: error, retries: queue.retries(item) }, 'reconcile failed; trying again later');
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
      // Passes that ask nobody anything must not keep timers waiting, the renewal of the lease among them.
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
      // Somebody else may lead already: nothing more may be begun, and what runs must stop.
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

/** The signal of one pass: the deadline's and the shutdown's. */
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
