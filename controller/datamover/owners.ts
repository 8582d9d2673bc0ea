import { parseKey } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { leases } from '../../kube/runtime/lease.ts';
import type { Logger } from '../../telemetry/log.ts';

/** Longer than a controller is unavailable during an update or the replacement of its node. */
export const LEASE_TIMEOUT_MS = 10 * 60_000;

/** Interval at which the Lease of a followed controller is read. */
export const CHECK_INTERVAL_MS = 30_000;

/** Other controllers, by `status.servedBy`: namespace and name of their Leases. */
export interface Owners {
  /** Returns false if this process has not seen the Lease renewed for {@link LEASE_TIMEOUT_MS}. */
  isAlive(owner: string): boolean;
  /** Starts to read the Lease of the controller. */
  follow(owner: string): void;
  unfollow(owner: string): void;
}

interface Dependencies {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  /** Called when a controller is no longer alive, and when it is alive again. */
  onChange: (owner: string) => void;
}

interface Observation {
  /** Identifies one renewal; empty if no Lease exists. */
  renewal: string;
  /** Time of the first sight of this renewal on the monotonic clock. The clock of another machine is not comparable with ours. */
  since: number;
  isAlive: boolean;
}

export function createOwners({ client, clock, log, onChange }: Dependencies): Owners {
  const sights = new Map<string, Observation>();
  let isDue = false;

  function checkLater(): void {
    if (isDue || sights.size === 0) return;
    isDue = true;
    clock.after(CHECK_INTERVAL_MS, () => {
      isDue = false;
      void Promise.all([...sights.keys()].map(check)).finally(checkLater);
    });
  }

  async function check(owner: string): Promise<void> {
    try {
      const renewal = await readRenewal(owner);
      const known = sights.get(owner);
      if (known !== undefined) record(owner, known, renewal);
    } catch (error) {
      // A failed read is no evidence that the controller is dead.
      const message = `Lease ${owner} cannot be read; the requests of that controller keep their repositories`;
      log.warn({ err: KubeError.from(error) }, message);
    }
  }

  /** A request without `status.servedBy` has no Lease that could be renewed. */
  async function readRenewal(owner: string): Promise<string> {
    const lease = owner === '' ? undefined : await client.get(leases, parseKey(owner));
    return lease === undefined ? '' : JSON.stringify([lease.metadata.uid, lease.spec?.renewTime]);
  }

  function record(owner: string, known: Observation, renewal: string): void {
    const now = clock.monotonic();
    const isRenewed = renewal !== known.renewal;
    const since = isRenewed ? now : known.since;
    const isAlive = now - since < LEASE_TIMEOUT_MS;
    sights.set(owner, { renewal, since, isAlive });
    if (isAlive !== known.isAlive) onChange(owner);
  }

  return {
    isAlive: (owner) => sights.get(owner)?.isAlive ?? true,
    follow(owner) {
      if (sights.has(owner)) return;
      sights.set(owner, { renewal: '', since: clock.monotonic(), isAlive: true });
      checkLater();
    },
    unfollow: (owner) => void sights.delete(owner),
  };
}
