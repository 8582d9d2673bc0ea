import type { ReplicationDestination } from '../../../api/external/volsync.ts';
import { keptAt } from '../../restic-repository/kept-facts.ts';
import { PATH } from '../../restic-repository/layout.ts';
import type { ResticRunner } from '../../restic-repository/restic-runner.ts';
import { withActivity } from '../../restic-repository/renewal.ts';
import { RESTORE_ROOT, rootArgument } from '../../restic-repository/root-folder.ts';
import { reporting, reports } from '../../restic-repository/script-log.ts';
import { volumeAccess, type VolumeAccess } from '../../restic-repository/volume-access.ts';
import type { MoverOutcome, MoverTarget, RestoreFacts, RestoreMoverRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';

/**
 * VolSync restores what is in a volume, and its root folder stays as the storage has made it. A Job of ours gives it the recorded
 * owner, mode and time. The Job keeps what VolSync has restored: VolSync's own log may be gone when the Job ends.
 */

/** Of the Job, behind the request's name. */
export const ROOT = '-root';

/** `$1` is what the record says of the root folder. */
export const ROOT_SCRIPT = reporting(`root=$1
cd ${PATH}
${RESTORE_ROOT}`);

/** What it takes to change a folder whatever its owner is. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

interface Restored {
  destination: ReplicationDestination;
  moved: RestoreFacts;
}

/** What VolSync has restored by this transfer; undefined until that is kept. */
export function restoredBefore(
  runner: ResticRunner,
  target: MoverTarget,
  { metadata: { uid } }: ReplicationDestination,
): RestoreFacts | undefined {
  const job = runner.jobOf(target, ROOT);
  const isOfTransfer = job?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  return isOfTransfer ? (keptAt(job) as RestoreFacts | undefined) : undefined;
}

/** Nothing is to do where the record does not describe the root folder. */
export async function restoreRoot(
  { resticRunner, access }: { resticRunner: ResticRunner; access: VolumeAccess },
  request: RestoreMoverRequest<VolSyncConfig>,
  { destination, moved }: Restored,
): Promise<MoverOutcome<RestoreFacts>> {
  if (request.rootFolder === undefined) return { state: 'Done', facts: moved };
  const { apiVersion, kind, metadata } = destination;
  const outcome = await resticRunner.run(request, {
    program: 'restic',
    image: request.config.resticImage,
    doing: 'restoring the root folder',
    script: ROOT_SCRIPT,
    args: [rootArgument(request.rootFolder)],
    owner: { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' },
    suffix: ROOT,
    keeps: moved,
    volume: async () => ({ ...(await volumeAccess(access, request, CAPABILITIES)), isWritten: true }),
    read: (lines) => refusedIn(reports(lines)),
  });
  // Its time to start begins with VolSync's end, however long that took.
  if (outcome.state === 'InProgress') return withActivity(outcome, destination.status?.lastSyncTime);
  if (outcome.state === 'Failed') return outcome;
  const losses = outcome.facts === '' ? {} : { notPreserved: `of the root folder: ${outcome.facts}` };
  return { state: 'Done', facts: { ...moved, ...losses } };
}

const RESTORED = /^\{"message_type":"root restored","refused":"([a-z ]*)"\}$/;

/** Without the report nothing proves that anything was set. */
function refusedIn(lines: readonly string[]): string {
  const refused = lines.map((line) => RESTORED.exec(line)?.[1]).find((found) => found !== undefined);
  return refused ?? 'owner mode time';
}
