import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { MoverOutcome, MoverRequest } from '../mover.ts';
import { outgoing, withActivity } from '../restic-repository/access/credential-rotation.ts';
import { newestPod } from '../restic-repository/job/newest-pod.ts';
import { locationOf } from '../restic-repository/job/request-objects.ts';
import type { VolSyncConfig } from './config.ts';
import type { VolSync } from './dependencies.ts';
import { letGo } from './detach.ts';
import { judge, type Unlocking, type Verdict } from './observation.ts';
import { jobNameOf, leftFor, logOf, podsOf, type Transfer } from './transfer.ts';

/** A transfer in progress, and what to do if the repository is locked. */
export interface Followed<T, Facts> {
  kind: Kind<T & Resource>;
  object: T;
  unlocking: Unlocking;
  /** `job` is the uid of the Job that found the lock. */
  unlock: (job: string) => Promise<MoverOutcome<never>>;
  prove: (verdict: Verdict) => MoverOutcome<Facts>;
}

/** Follows a transfer to its end. Creates it again if it fails because its credentials have changed. */
export async function followTransfer<T extends Transfer, Facts>(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
  { kind, object, unlocking, unlock, prove }: Followed<T, Facts>,
): Promise<MoverOutcome<Facts>> {
  if (object.metadata.deletionTimestamp !== undefined) return outgoing(object);
  const verdict = observe(volSync, request, { transfer: object, unlocking });
  if (verdict.state === 'Failed') {
    if (verdict.lockMetBy !== undefined) return unlock(verdict.lockMetBy);
    const transfer = {
      kind,
      object,
      letGo: () => letGo(volSync.client, { kind, key: keyOf(object) }, request.signal),
    };
    return (await volSync.renewal.takeBack(request, transfer, verdict)) ?? verdict;
  }
  const outcome = prove(verdict);
  // A transfer that was created again has its own start deadline.
  return outcome.state === 'InProgress' && !outcome.started
    ? withActivity(outcome, object.metadata.creationTimestamp)
    : outcome;
}

function observe(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
  { transfer, unlocking }: { transfer: Transfer; unlocking: Unlocking },
): Verdict {
  const { namespace, listers, credentials } = volSync;
  const pods = podsOf(volSync, request);
  const pod = newestPod(pods);
  // Follow the logs of all pods: every try of a backup may have saved a snapshot.
  for (const one of pods) logOf(volSync, request, one);
  return judge({
    tag: request.name,
    status: transfer.status,
    job: listers.jobs.get(`${namespace}/${jobNameOf(request)}`),
    pod,
    podLog: pod && logOf(volSync, request, pod),
    place: credentials.placeOf(request, locationOf(transfer)),
    unlocking,
    left: leftFor(volSync, request),
  });
}
