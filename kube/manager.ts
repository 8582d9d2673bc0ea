import type { Logger } from '../telemetry/log.ts';
import type { InformerSet } from './cache/informer-set.ts';
import { type Clock, systemClock } from './runtime/clock.ts';
import type { LeaderElector } from './runtime/leader-election.ts';

/** Runs until its signal fires, for example a controller or the janitor. */
export interface Runnable {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface ManagerOptions {
  /** Caches, one set per cluster. They also run without leadership, so a new leader starts with full caches. */
  informers: readonly InformerSet[];
  /** Runs only on the leader. */
  runnables: readonly Runnable[];
  /** Absent: this process always leads. */
  leaderElection?: LeaderElector;
  /** How long the first lists may make no progress. Default 60 s. */
  syncTimeoutMs?: number;
  /** Called in this order at the very end: recorders, clients, servers. */
  closers?: readonly (() => Promise<void>)[];
  log: Logger;
  clock?: Clock;
}

/** Starts and stops all parts of the process in order. */
export interface Manager {
  /**
   * Runs until `signal` fires, then stops in order: controllers (which drain), lease, caches, closers. The caches run until the
   * last pass has ended, so no pass decides on stale objects.
   * @throws Error if the caches do not sync, a runnable fails, or the leadership is lost. Everything is stopped by then, and the
   * process should exit with a code other than 0.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Returns what is not ready yet, or undefined; for `/readyz`. */
  notReady(): string | undefined;
  /** Returns what has received nothing for too long, or undefined; for `/healthz`. */
  unhealthy(): string | undefined;
}

/** Five times the idle limit of a watch: the reflector did not recover by itself. */
const SILENT_MS = 15 * 60_000;

export function createManager(options: ManagerOptions): Manager {
  const { informers, runnables, leaderElection, syncTimeoutMs = 60_000, closers = [], log } = options;
  const clock = options.clock ?? systemClock;
  let stage: 'starting' | 'running' | 'stopping' = 'starting';

  /** Runs all at the same time; the first failure stops the others. */
  async function work(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const onAbort = (): void => failed.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const outcomes = await Promise.allSettled(
      runnables.map(async (runnable) => {
        try {
          await runnable.run(failed.signal);
          if (!failed.signal.aborted) throw new Error(`${runnable.name} ended on its own`);
        } catch (error) {
          log.error({ err: error, runnable: runnable.name }, 'a part of the program failed; stopping');
          failed.abort(error);
          throw error;
        }
      }),
    );
    signal.removeEventListener('abort', onAbort);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async function runUntil(signal: AbortSignal): Promise<void> {
    await Promise.all(informers.map((set) => set.waitForSync({ timeoutMs: syncTimeoutMs, signal })));
    stage = 'running';
    log.info('all caches are in sync');
    if (leaderElection === undefined) await work(signal);
    else await leaderElection.run(signal, work);
  }

  return {
    async run(signal) {
      const informing = new AbortController();
      const onAbort = (): void => {
        stage = 'stopping';
        log.info('stopping');
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      const informersStopped = Promise.all(informers.map((set) => set.run(informing.signal)));
      try {
        await runUntil(signal).catch((error: unknown) => {
          // Stopped before the caches were in sync: not a failure.
          if (!(signal.aborted && error === signal.reason)) throw error;
        });
      } finally {
        stage = 'stopping';
        informing.abort();
        signal.removeEventListener('abort', onAbort);
        await informersStopped;
        for (const close of closers)
          await close().catch((err: unknown) => log.warn({ err }, 'could not close everything'));
      }
    },
    notReady() {
      if (stage === 'stopping') return 'stopping';
      const missing = informers.flatMap((set) => set.status()).filter((one) => !one.hasSynced);
      if (missing.length > 0) return `not in sync: ${missing.map(({ kind }) => kind).join(', ')}`;
      return stage === 'starting' ? 'starting' : undefined;
    },
    unhealthy() {
      const silent = informers
        .flatMap((set) => set.status())
        .filter(
          ({ lastHeardAt }) => lastHeardAt !== undefined && clock.monotonic() - lastHeardAt > SILENT_MS,
        );
      return silent.length === 0
        ? undefined
        : `no data received of: ${silent.map(({ kind }) => kind).join(', ')}`;
    },
  };
}
