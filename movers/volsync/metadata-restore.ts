import type { ReplicationDestination } from '../../api/volsync/v1alpha1.ts';
import { factsAt } from '../restic-repository/job/kept-facts.ts';
import type { ResticRunner } from '../restic-repository/job/runner.ts';
import { withActivity } from '../restic-repository/access/credential-rotation.ts';
import { lossesOf } from '../restic-repository/transfer/restore-proof.ts';
import { rootArgument } from '../restic-repository/transfer/root-folder.ts';
import { readMessages } from '../restic-repository/transfer/transfer-messages.ts';
import { RESTORER, RESTORE_RUN } from '../restic-repository/transfer/transfer-run.ts';
import { shortened } from '../restic-repository/maintenance/maintenance-tasks.ts';
import { volumeUseOf, type PodPrivileges } from '../restic-repository/job/volume-use.ts';
import type { MoverOutcome, MoverTarget, RestoreFacts, RestoreMoverRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';

/**
 * A second pass over a restored volume, by restic in a Job of ours. VolSync's mover lacks the capabilities to set all modes and
 * attributes, does not report what it could not set, and does not restore the root folder. The Job skips contents that already
 * exist and sets or reports the rest. Its annotations keep what VolSync has restored, because VolSync's own log may be lost when
 * the Job ends.
 */

/** Suffix of the Job's name, after the name of the request. */
export const METADATA = '-metadata';

/** restic treats a file with the recorded size and time as unchanged and restores everything except its contents. */
const CONTENTS_ARE_THERE = '--overwrite=if-changed';

/** The bytes that this pass handles are those that VolSync has already restored. */
const { progress: _, ...WITHOUT_PROGRESS } = RESTORE_RUN.reading;

interface Restored {
  destination: ReplicationDestination;
  moved: RestoreFacts;
}

/** Returns what VolSync has restored with this transfer; undefined until the Job that keeps it exists. */
export function restoredBefore(
  runner: ResticRunner,
  target: MoverTarget,
  { metadata: { uid } }: ReplicationDestination,
): RestoreFacts | undefined {
  const job = runner.jobOf(target, METADATA);
  const isOfTransfer = job?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  return isOfTransfer ? (factsAt(job) as RestoreFacts | undefined) : undefined;
}

export async function restoreMetadata(
  { resticRunner, access }: { resticRunner: ResticRunner; access: PodPrivileges },
  request: RestoreMoverRequest<VolSyncConfig>,
  { destination, moved }: Restored,
): Promise<MoverOutcome<RestoreFacts>> {
  const { apiVersion, kind, metadata } = destination;
  const outcome = await resticRunner.run(request, {
    ...RESTORE_RUN,
    reading: WITHOUT_PROGRESS,
    image: request.config.resticImage,
    doing: 'restoring what VolSync does not set',
    args: [shortened(request.snapshotID), rootArgument(request.rootFolder), CONTENTS_ARE_THERE],
    owner: { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' },
    suffix: METADATA,
    keeps: moved,
    volume: async () => ({ ...(await volumeUseOf(access, request, RESTORER)), isWritten: true }),
    read: notPreservedBy,
  });
  // The start deadline of the Job counts from the end of VolSync's transfer, however long that took.
  if (outcome.state === 'InProgress') return withActivity(outcome, destination.status?.lastSyncTime);
  if (outcome.state === 'Failed') return outcome;
  const { facts: notPreserved } = outcome;
  return { state: 'Done', facts: { ...moved, ...(notPreserved !== undefined && { notPreserved }) } };
}

/** Returns one line about metadata that was not restored. If the log has no summary, success is not proved. */
function notPreservedBy(lines: readonly string[]): string | undefined {
  const found = readMessages(lines);
  if (found.summary !== undefined) return lossesOf(found);
  return 'nothing proves that owners, modes and attributes are as they were: the log of the Job that restores them is lost';
}
