import { parseKey } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import { leases } from '../../kube/runtime/leader-election.ts';
import type { Logger } from '../../telemetry/log.ts';

/** Longer than a controller is away while it is updated or its node is replaced. */
export const SILENCE_MS = 10 * 60_000;

/** How often the Lease of a controller is read, as long as requests of it are of interest. */
export const LOOK_MS = 30_000;

/** Other controllers, by `status.servedBy`: namespace and name of their Leases. */
export interface Owners {
  /** A controller counts as alive until its Lease has not been renewed for {@link SILENCE_MS}, as this process has seen it. */
  isAlive(owner: string): boolean;
  /** Looks at the controller from now on. */
  follow(owner: string): void;
  unfollow(owner: string): void;
}

interface Dependencies {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  /** A controller has fallen silent, or is back. */
  onChange: (owner: string) => void;
}

interface Sight {
  /** What tells one renewal from another; empty without a Lease. */
  renewal: string;
  /** Since when that is so, on the monotonic clock. Another machine's clock is not compared with ours. */
  since: number;
  isAlive: boolean;
}

export function createOwners({ client, clock, log, onChange }: Dependencies): Owners {
  const sights = new Map<string, Sight>();
  let isDue = false;

  function lookLater(): void {
    if (isDue || sights.size === 0) return;
    isDue = true;
    clock.after(LOOK_MS, () => {
      isDue = false;
      void Promise.all([...sights.keys()].map(look)).finally(lookLater);
    });
  }

  async function look(owner: string): Promise<void> {
    try {
      const renewal = await readRenewal(owner);
      const known = sights.get(owner);
      if (known !== undefined) see(owner, known, renewal);
    } catch (error) {
      // What cannot be read says nothing about the controller.
      const message = `Lease ${owner} cannot be read; the requests of that controller keep their repositories`;
      log.warn({ err: KubeError.from(error) }, message);
    }
  }

  /** Without a record of its controller, a request has no Lease that could be renewed. */
  async function readRenewal(owner: string): Promise<string> {
    const lease = owner === '' ? undefined : await client.get(leases, parseKey(owner));
    return lease === undefined ? '' : JSON.stringify([lease.metadata.uid, lease.spec?.renewTime]);
  }

  function see(owner: string, known: Sight, renewal: string): void {
    const now = clock.monotonic();
    const isRenewed = renewal !== known.renewal;
    const since = isRenewed ? now : known.since;
    const isAlive = now - since < SILENCE_MS;
    sights.set(owner, { renewal, since, isAlive });
    if (isAlive !== known.isAlive) onChange(owner);
  }

  return {
    isAlive: (owner) => sights.get(owner)?.isAlive ?? true,
    follow(owner) {
      if (sights.has(owner)) return;
      sights.set(owner, { renewal: '', since: clock.monotonic(), isAlive: true });
      lookLater();
    },
    unfollow: (owner) => void sights.delete(owner),
  };
}
