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
  /**
   * A client of its own, with a short time limit: renewals that queue behind the work of a busy leader come too late.
   */
  client: KubeClient;
  lease: Required<Key>;
  /** Labels of the lease when it is created. Default: none. */
  labels?: Readonly<Record<string, string>>;
  /** This process, unique among the candidates. */
  identity: string;
  /** How long others wait for a silent leader. Default 15 s. */
  leaseMs?: number;
  /** How long a leader tries to renew before it stops. Must be shorter. Default 10 s. */
  renewDeadlineMs?: number;
  /** Time between attempts. Default 2 s. */
  retryMs?: number;
  log?: Logger;
  clock?: Clock;
  /** 0..1, default `Math.random`. */
  random?: () => number;
}

/** Thrown when the lease was not renewed in time: somebody else may lead already, so end the process. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

export interface LeaderElector {
  /**
   * Waits until this process leads, then calls `lead`, whose signal fires when the leadership is lost or `signal` does.
   * While `lead` finishes its work after `signal`, the lease is still renewed; then it is released, so that the next
   * one need not wait for it to expire.
   *
   * @throws LeadershipLostError after `lead` has ended; whatever `lead` throws.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /**
   * Whether this process may write as the leader: it leads, and has renewed its lease within the deadline. The time counts, not
   * the timer that notices it: after a standstill of the process a pass may run before that timer does.
   */
  isLeader(): boolean;
}

/** A lease as this process saw it change, by its own monotonic clock; the clocks of two machines are never compared. */
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
  /** When the attempt that last took or renewed the lease began, on the monotonic clock. */
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

  /** One attempt to take or keep the lease. */
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
    // Guarded by the version just read: of several candidates exactly one gets it.
    const { resourceVersion } = lease.metadata;
    observe(await client.mergePatch(leases, key, { metadata: { resourceVersion }, spec }, { signal }));
    return true;
  }

  /** One attempt with a time limit; trouble is a "no". */
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
      // Another candidate was faster: not worth a line.
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
      // Candidates that were started together should not stay in step.
      await sleep(clock, retryMs * (1 + 0.2 * random()), signal);
    }
  }

  /** Renews until `signal` fires; resolves to true when the lease was lost. */
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

  /** Seen in somebody else's hands: no use in waiting for the deadline. */
  const isTaken = (): boolean => observed?.holder !== undefined && observed.holder !== identity;

  async function release(): Promise<void> {
    const stop = new AbortController();
    const cancel = clock.after(retryMs, () => stop.abort());
    try {
      // Read anew: a renewal that was cut short may have been written all the same.
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
      // Even when `signal` fired during the last attempt the lease may be ours, and must not be left to expire.
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
