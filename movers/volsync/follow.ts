import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { MoverOutcome, MoverRequest } from '../mover.ts';
import { waitForDeletion, withActivity } from '../restic-repository/access/credential-rotation.ts';
import { newestPod } from '../restic-repository/job/newest-pod.ts';
import { locationOf } from '../restic-repository/job/request-objects.ts';
import type { VolSyncConfig } from './config.ts';
import type { VolSync } from './dependencies.ts';
import { detachFromVolSync } from './detach.ts';
import { observeTransfer, type Unlocking, type TransferState } from './observation.ts';
import { jobNameOf, leftFor, logOf, podsOf, type Transfer } from './transfer.ts';

/** A transfer in progress, and what to do if the repository is locked. */
export interface Followed<T, Facts> {
  kind: Kind<T & Resource>;
  object: T;
  unlocking: Unlocking;
  /** `job` is the uid of the Job that found the lock. */
  unlock: (job: string) => Promise<MoverOutcome<never>>;
  prove: (observed: TransferState) => MoverOutcome<Facts>;
}

/** Follows a transfer to its end. Creates it again if it fails because its credentials have changed. */
export async function followTransfer<T extends Transfer, Facts>(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
  { kind, object, unlocking, unlock, prove }: Followed<T, Facts>,
): Promise<MoverOutcome<Facts>> {
  if (object.metadata.deletionTimestamp !== undefined) return waitForDeletion(object);
  const observed = observe(volSync, request, { transfer: object, unlocking });
  if (observed.state === 'Failed') {
    if (observed.lockMetBy !== undefined) return unlock(observed.lockMetBy);
    const transfer = {
      kind,
      object,
      detach: () => detachFromVolSync(volSync.client, { kind, key: keyOf(object) }, request.signal),
    };
    return (await volSync.rotation.restartTransfer(request, transfer, observed)) ?? observed;
  }
  const outcome = prove(observed);
  // A transfer that was created again has its own start deadline.
  return outcome.state === 'InProgress' && !outcome.started
    ? withActivity(outcome, object.metadata.creationTimestamp)
    : outcome;
}

function observe(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
  { transfer, unlocking }: { transfer: Transfer; unlocking: Unlocking },
): TransferState {
  const { namespace, listers, credentials } = volSync;
  const pods = podsOf(volSync, request);
  const pod = newestPod(pods);
  // Follow the logs of all pods: every try of a backup may have saved a snapshot.
  for (const one of pods) logOf(volSync, request, one);
  return observeTransfer({
    tag: request.name,
    status: transfer.status,
    job: listers.jobs.get(`${namespace}/${jobNameOf(request)}`),
    pod,
    podLog: pod && logOf(volSync, request, pod),
    context: credentials.contextOf(request, locationOf(transfer)),
    unlocking,
    left: leftFor(volSync, request),
  });
}
