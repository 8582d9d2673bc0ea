import type { Key } from '../../api/kubernetes/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isAlreadyExists, isConflict, KubeError } from '../client/kube-error.ts';
import { isAborted } from './abort.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { createLeaseLock, type LeaseLock } from './lease-lock.ts';

export interface LeaderElectionOptions {
  /** A separate client with a short time limit: renewals must not queue behind the calls of a busy leader. */
  client: KubeClient;
  lease: Required<Key>;
  /** Labels of the lease when it is created. Default: none. */
  labels?: Readonly<Record<string, string>>;
  /** Identity of this process, unique among the candidates. */
  identity: string;
  /** How long candidates wait for a leader that does not renew. Default 15 s. */
  leaseMs?: number;
  /** How long a leader tries to renew before it stops. Must be shorter than `leaseMs`. Default 10 s. */
  renewDeadlineMs?: number;
  /** Time between attempts. Default 2 s. */
  retryMs?: number;
  log?: Logger;
  clock?: Clock;
  /** 0..1, default `Math.random`. */
  random?: () => number;
}

/** Thrown if the lease was not renewed in time. Another process may lead already, so this process must end. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

export interface LeaderElector {
  /**
   * Waits until this process leads, then calls `lead`. The signal of `lead` fires if the leadership is lost or `signal` fires.
   * After `signal` the lease is renewed until `lead` has ended; then it is released, so the next leader does not wait for it to
   * expire.
   *
   * @throws LeadershipLostError after `lead` has ended; whatever `lead` throws.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /**
   * Returns true if this process may write as the leader: it leads, and renewed its lease within the deadline. Compares times
   * instead of relying on the timer: after a suspension of the process a pass may run before the timer does.
   */
  isLeader(): boolean;
}

export function createLeaderElector(options: LeaderElectionOptions): LeaderElector {
  return new LeaseElector(options);
}

class LeaseElector implements LeaderElector {
  readonly #key: Required<Key>;
  readonly #identity: string;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #lock: LeaseLock;
  #leading = false;
  /** Monotonic time at which the last successful attempt to take or renew the lease began. */
  #renewedAt = 0;

  constructor(options: LeaderElectionOptions) {
    const { client, lease: key, labels, identity, log = silentLogger, clock = systemClock } = options;
    const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000, random = Math.random } = options;
    if (renewDeadlineMs >= leaseMs) throw new Error('renewDeadlineMs must be shorter than leaseMs');
    this.#key = key;
    this.#identity = identity;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.#retryMs = retryMs;
    this.#log = log;
    this.#clock = clock;
    this.#random = random;
    this.#lock = createLeaseLock({ client, key, labels, identity, leaseMs, clock });
  }

  isLeader(): boolean {
    return this.#leading && this.#clock.monotonic() < this.#renewedAt + this.#renewDeadlineMs;
  }

  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.#acquire(signal);
    // The lease may be ours even if `signal` fired during the last attempt; it must then be released.
    if (this.#lock.holder() !== this.#identity) return;
    this.#leading = true;
    this.#log.info({ ...this.#key, identity: this.#identity }, 'leading');
    const keeping = new AbortController();
    const work = new AbortController();
    const onAbort = (): void => work.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const kept = this.#keep(keeping.signal).then((lost) => {
      this.#leading = this.#leading && !lost;
      if (lost) work.abort(this.#lostError());
      return lost;
    });
    try {
      await lead(work.signal);
    } finally {
      keeping.abort();
      this.#leading = false;
      signal.removeEventListener('abort', onAbort);
      if (!(await kept)) await this.#release();
    }
    if (await kept) throw this.#lostError();
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#renewedAt = this.#clock.monotonic();
      if (await this.#tryOnce(signal, this.#renewDeadlineMs)) return;
      // Candidates that started together must not stay synchronous.
      await sleep(this.#clock, this.#retryMs * (1 + 0.2 * this.#random()), signal);
    }
  }

  /** Renews until `signal` fires; resolves to true if the lease was lost. */
  async #keep(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      await sleep(this.#clock, this.#retryMs, signal);
      if (isAborted(signal)) return false;
      const startedAt = this.#clock.monotonic();
      const leftMs = this.#renewedAt + this.#renewDeadlineMs - startedAt;
      const renewed = leftMs > 0 && (await this.#tryOnce(signal, leftMs));
      if (isAborted(signal)) return false;
      if (renewed) this.#renewedAt = startedAt;
      else if (this.#isTaken() || this.#clock.monotonic() >= this.#renewedAt + this.#renewDeadlineMs)
        return true;
    }
  }

  /** Returns true if another process holds the lease: no need to wait for the deadline. */
  #isTaken(): boolean {
    const holder = this.#lock.holder();
    return holder !== undefined && holder !== this.#identity;
  }

  /** Tries once, with a time limit, to take or renew the lease; returns false after an error. */
  async #tryOnce(outer: AbortSignal, limitMs: number): Promise<boolean> {
    const limit = new AbortController();
    const onAbort = (): void => limit.abort(outer.reason);
    const cancel = this.#clock.after(limitMs, () =>
      limit.abort(new Error(`no answer within ${String(limitMs)} ms`)),
    );
    outer.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#lock.take(limit.signal);
    } catch (error) {
      // Another candidate was faster: not worth a log line.
      if (!isConflict(error) && !isAlreadyExists(error) && !outer.aborted)
        this.#log.warn({ err: KubeError.from(error), ...this.#key }, 'could not take or renew the lease');
      return false;
    } finally {
      cancel();
      outer.removeEventListener('abort', onAbort);
    }
  }

  async #release(): Promise<void> {
    const stop = new AbortController();
    const cancel = this.#clock.after(this.#retryMs, () => stop.abort());
    try {
      if (await this.#lock.release(stop.signal)) this.#log.info({ ...this.#key }, 'released the lease');
    } catch (error) {
      this.#log.warn(
        { err: KubeError.from(error), ...this.#key },
        'could not release the lease; the next leader waits for it',
      );
    } finally {
      cancel();
    }
  }

  #lostError(): LeadershipLostError {
    return new LeadershipLostError(`the lease ${this.#key.namespace}/${this.#key.name} was lost`);
  }
}
