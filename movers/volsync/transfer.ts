import type { Pod } from '../../api/kubernetes/core.ts';
import {
  replicationDestinations,
  replicationSources,
  type ReplicationDestination,
  type ReplicationSource,
} from '../../api/volsync/v1alpha1.ts';
import type { Kind } from '../../api/kubernetes/meta.ts';
import type { MoverTarget } from '../mover.ts';
import type { PodLog } from '../restic-repository/log/followed-log.ts';
import { JOB_INDEX, type VolSync } from './dependencies.ts';
import type { TimeLeft } from './observation.ts';

/** The objects of one transfer, and what VolSync creates for it. */

export type Transfer = ReplicationSource | ReplicationDestination;

/** Returns the kind of the VolSync object, and the object if it is in the cache. */
export function transferOf(
  { namespace, listers }: VolSync,
  { kind, name }: MoverTarget,
): { kind: Kind<ReplicationSource> | Kind<ReplicationDestination>; cached: Transfer | undefined } {
  const id = `${namespace}/${name}`;
  return kind === 'backup'
    ? { kind: replicationSources, cached: listers.sources.get(id) }
    : { kind: replicationDestinations, cached: listers.destinations.get(id) };
}

export function podsOf({ namespace, listers }: VolSync, target: MoverTarget): Pod[] {
  return listers.pods.byIndex(JOB_INDEX, `${namespace}/${jobNameOf(target)}`);
}

export function logOf({ podLogs, wake }: VolSync, { name }: MoverTarget, pod: Pod): PodLog {
  return podLogs.of(pod, () => wake(name));
}

export function leftFor({ limits, clock }: VolSync, { name }: MoverTarget): TimeLeft {
  return (since, seconds) => limits.of(name).endOf(since, seconds) - clock.now();
}

/** Returns the name that VolSync gives the mover's Job. Our names are so short that VolSync never abbreviates it. */
export function jobNameOf({ kind, name }: MoverTarget): string {
  return kind === 'backup' ? `volsync-src-${name}` : `volsync-dst-${name}`;
}

/** Returns true for requests that need neither a volume nor VolSync. */
export function usesResticOnly({ kind }: MoverTarget): boolean {
  return kind === 'delete' || kind === 'prune';
}

/** Returns the names of the claims that VolSync creates for a request. */
export function claimsOf(target: MoverTarget): string[] {
  return usesResticOnly(target) ? [] : [`${jobNameOf(target)}-cache`];
}
