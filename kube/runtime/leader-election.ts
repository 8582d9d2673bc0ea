import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import { type Logger, silentLogger } from '../../telemetry/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isAlreadyExists, isConflict, KubeError } from '../client/kube-error.ts';
import { isAborted } from './abort.ts';
import { type Clock, sleep, systemClock } from './clock.ts';

/** `coordination.k8s.io/v1` Lease. */
export interface Lease extends Resource {
  spec?: {
    holderIdentity?: string | null;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export const leases: Kind<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

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

/** A lease as last seen, with the time of its change on our monotonic clock; clocks of two machines are never compared. */
interface Observed {
  resourceVersion: string | undefined;
  holder: string | undefined;
  at: number;
  lastsMs: number;
}

export function createLeaderElector(options: LeaderElectionOptions): LeaderElector {
  const { client, lease: key, identity, log = silentLogger, clock = systemClock } = options;
  const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000, random = Math.random } = options;
  if (renewDeadlineMs >= leaseMs) throw new Error('renewDeadlineMs must be shorter than leaseMs');
  let observed: Observed | undefined;
  let leading = false;
  /** Monotonic time at which the last successful attempt to take or renew the lease began. */
  let renewedAt = 0;

  function observe(lease: Lease): Observed {
    const { resourceVersion } = lease.metadata;
    if (observed === undefined || observed.resourceVersion !== resourceVersion) {
      const holder = lease.spec?.holderIdentity ?? undefined;
      const lastsMs = (lease.spec?.leaseDurationSeconds ?? leaseMs / 1000) * 1000;
      observed = {
        resourceVersion,
        holder: holder === '' ? undefined : holder,
        at: clock.monotonic(),
        lastsMs,
      };
    }
    return observed;
  }

  /** Tries once to take or renew the lease. */
  async function attempt(signal: AbortSignal): Promise<boolean> {
    const lease = await client.get(leases, key, { signal });
    const now = microTime(clock.now());
    const renewal = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      renewTime: now,
    };
    if (lease === undefined) {
      const spec = { ...renewal, acquireTime: now, leaseTransitions: 0 };
      observe(await client.create(leases, { ...skeleton(key, options.labels), spec }, { signal }));
      return true;
    }
    const { holder, at, lastsMs } = observe(lease);
    const mine = holder === identity;
    if (!mine && holder !== undefined && clock.monotonic() < at + lastsMs) return false;
    const spec = mine
      ? renewal
      : { ...renewal, acquireTime: now, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 };
    // Conditional on the version just read: only one candidate succeeds.
    const { resourceVersion } = lease.metadata;
    observe(await client.mergePatch(leases, key, { metadata: { resourceVersion }, spec }, { signal }));
    return true;
  }

  /** Tries once with a time limit; returns false after an error. */
  async function tryOnce(outer: AbortSignal, limitMs: number): Promise<boolean> {
    const limit = new AbortController();
    const onAbort = (): void => limit.abort(outer.reason);
    const cancel = clock.after(limitMs, () =>
      limit.abort(new Error(`no answer within ${String(limitMs)} ms`)),
    );
    outer.addEventListener('abort', onAbort, { once: true });
    try {
      return await attempt(limit.signal);
    } catch (error) {
      // Another candidate was faster: not worth a log line.
      if (!isConflict(error) && !isAlreadyExists(error) && !outer.aborted)
        log.warn({ err: KubeError.from(error), ...key }, 'could not take or renew the lease');
      return false;
    } finally {
      cancel();
      outer.removeEventListener('abort', onAbort);
    }
  }

  async function acquire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      renewedAt = clock.monotonic();
      if (await tryOnce(signal, renewDeadlineMs)) return;
      // Candidates that started together must not stay synchronous.
      await sleep(clock, retryMs * (1 + 0.2 * random()), signal);
    }
  }

  /** Renews until `signal` fires; resolves to true if the lease was lost. */
  async function keep(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      await sleep(clock, retryMs, signal);
      if (isAborted(signal)) return false;
      const startedAt = clock.monotonic();
      const leftMs = renewedAt + renewDeadlineMs - startedAt;
      const renewed = leftMs > 0 && (await tryOnce(signal, leftMs));
      if (isAborted(signal)) return false;
      if (renewed) renewedAt = startedAt;
      else if (isTaken() || clock.monotonic() >= renewedAt + renewDeadlineMs) return true;
    }
  }

  /** Returns true if another process holds the lease: no need to wait for the deadline. */
  const isTaken = (): boolean => observed?.holder !== undefined && observed.holder !== identity;

  async function release(): Promise<void> {
    const stop = new AbortController();
    const cancel = clock.after(retryMs, () => stop.abort());
    try {
      // Read again: a renewal that was aborted may have been stored.
      const lease = await client.get(leases, key, { signal: stop.signal });
      if (lease?.spec?.holderIdentity !== identity) return;
      const { resourceVersion } = lease.metadata;
      const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock.now()) };
      await client.mergePatch(leases, key, { metadata: { resourceVersion }, spec }, { signal: stop.signal });
      log.info({ ...key }, 'released the lease');
    } catch (error) {
      log.warn(
        { err: KubeError.from(error), ...key },
        'could not release the lease; the next leader waits for it',
      );
    } finally {
      cancel();
    }
  }

  return {
    isLeader: () => leading && clock.monotonic() < renewedAt + renewDeadlineMs,
    async run(signal, lead) {
      await acquire(signal);
      // The lease may be ours even if `signal` fired during the last attempt; it must then be released.
      if (observed?.holder !== identity) return;
      leading = true;
      log.info({ ...key, identity }, 'leading');
      const keeping = new AbortController();
      const work = new AbortController();
      const onAbort = (): void => work.abort(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      const kept = keep(keeping.signal).then((lost) => {
        leading = leading && !lost;
        if (lost) work.abort(new LeadershipLostError(`the lease ${key.namespace}/${key.name} was lost`));
        return lost;
      });
      try {
        await lead(work.signal);
      } finally {
        keeping.abort();
        leading = false;
        signal.removeEventListener('abort', onAbort);
        if (!(await kept)) await release();
      }
      if (await kept) throw new LeadershipLostError(`the lease ${key.namespace}/${key.name} was lost`);
    },
  };
}

function skeleton(key: Required<Key>, labels: Readonly<Record<string, string>> | undefined): Lease {
  const metadata = { ...key, ...(labels !== undefined && { labels: { ...labels } }) };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
}

/** `metav1.MicroTime`. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}
