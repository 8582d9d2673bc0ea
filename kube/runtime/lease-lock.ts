import type { Key } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { Clock } from './clock.ts';
import { type Lease, leases } from './lease.ts';

/** A Lease as a lock that at most one of several processes holds. */
export interface LeaseLock {
  /** Takes or renews the lease. Returns false if another process holds it; rejects with a conflict if another was faster. */
  take(signal: AbortSignal): Promise<boolean>;
  /** Returns the holder as last seen, `undefined` if there was none. */
  holder(): string | undefined;
  /** Gives the lease up. Returns false if this process does not hold it. */
  release(signal: AbortSignal): Promise<boolean>;
}

export interface LeaseLockOptions {
  client: KubeClient;
  key: Required<Key>;
  /** Labels of the lease when it is created. */
  labels: Readonly<Record<string, string>> | undefined;
  /** Identity of this process, unique among the candidates. */
  identity: string;
  /** How long candidates wait for a holder that does not renew. */
  leaseMs: number;
  clock: Clock;
}

/** A lease as last seen, with the time of its change on our monotonic clock; clocks of two machines are never compared. */
interface Observed {
  resourceVersion: string | undefined;
  holder: string | undefined;
  at: number;
  lastsMs: number;
}

export function createLeaseLock(options: LeaseLockOptions): LeaseLock {
  const { client, key, identity, leaseMs, clock } = options;
  let observed: Observed | undefined;

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

  /** Conditional on the version of the lease that was read: only one process succeeds. */
  function patch({ metadata: { resourceVersion } }: Lease, spec: Lease['spec'], signal: AbortSignal) {
    return client.mergePatch(leases, key, { metadata: { resourceVersion }, spec }, { signal });
  }

  return {
    async take(signal) {
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
      observe(await patch(lease, spec, signal));
      return true;
    },

    holder: () => observed?.holder,

    async release(signal) {
      // Read again: a renewal that was aborted may have been stored.
      const lease = await client.get(leases, key, { signal });
      if (lease?.spec?.holderIdentity !== identity) return false;
      const renewTime = microTime(clock.now());
      await patch(lease, { holderIdentity: '', leaseDurationSeconds: 1, renewTime }, signal);
      return true;
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
