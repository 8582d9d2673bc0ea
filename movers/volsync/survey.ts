import type { Job } from '../../api/kubernetes/core.ts';
import { notSavedIn } from '../restic-repository/transfer/not-saved.ts';
import { readMessages, type Messages } from '../restic-repository/transfer/transfer-messages.ts';
import type { ResticRunner } from '../restic-repository/job/runner.ts';
import { volumeAccess, type VolumeAccess } from '../restic-repository/job/volume-access.ts';
import type { BackupFacts, MoverOutcome, MoverRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';
import { SURVEY_SCRIPT } from './survey-script.ts';

/**
 * A look at the volume before VolSync reads it. VolSync leaves things out and does not report it; a Job of ours finds them first.
 * What it finds is kept at the ReplicationSource: the log of the Job may be gone when VolSync is done.
 */

/** What a survey adds to the facts of a backup. */
export type Survey = Pick<BackupFacts, 'notSaved' | 'rootFolder' | 'repositoryID'>;

/** Of the Job, behind the request's name. */
export const SURVEY = '-survey';

type Request = MoverRequest<VolSyncConfig>;

export async function survey(
  { resticRunner, access }: { resticRunner: ResticRunner; access: VolumeAccess },
  request: Request,
): Promise<MoverOutcome<Survey>> {
  const outcome = await resticRunner.run(request, {
    program: 'restic',
    image: request.config.resticImage,
    doing: 'looking for what VolSync leaves out',
    script: SURVEY_SCRIPT,
    args: [],
    suffix: SURVEY,
    volume: () => volumeAccess(access, request),
    read: judgeSurvey,
  });
  if (outcome.state !== 'Done') return outcome;
  return outcome.facts.state === 'Done' && !isOver(resticRunner.jobOf(request, SURVEY))
    ? LEAVING
    : outcome.facts;
}

/**
 * VolSync runs its mover where a pod runs that uses the volume, and replaces the mover's Job when it sees that this pod has ended.
 * The new one saves the volume again. The Job controller counts a pod only after its end is known to all.
 */
function isOver(job: Job | undefined): boolean {
  return (job?.status?.succeeded ?? 0) > 0;
}

const LEAVING: MoverOutcome<never> = {
  state: 'InProgress',
  started: false,
  message: 'waiting for the end of the pod that looked for what VolSync leaves out',
};

/** Data that VolSync leaves out fails the backup before anything is saved. */
export function judgeSurvey(lines: readonly string[]): MoverOutcome<Survey> {
  const found = readMessages(lines);
  const { leftOut } = found;
  if (leftOut === undefined) {
    const message = 'the log of the Job that looked for what VolSync leaves out is lost; back up again';
    return { state: 'Failed', reason: 'MoverFailed', message };
  }
  const { held, first } = leftOut;
  if (held > 0) {
    const message = `VolSync does not save what is called lost+found, and the volume holds data under ${String(held)} such name${held === 1 ? '' : 's'}, the first being ${JSON.stringify(first)}: move the data or remove it, or choose a DataMoverClass of mover Restic, which saves it`;
    return { state: 'Failed', reason: 'UnsupportedContent', message };
  }
  return { state: 'Done', facts: factsOf(found) };
}

function factsOf(found: Messages): Survey {
  const { root, repositoryID } = found;
  const notSaved = notSavedIn(found);
  return {
    ...(notSaved !== undefined && { notSaved }),
    ...(root !== undefined && { rootFolder: root }),
    ...(repositoryID !== undefined && { repositoryID }),
  };
}
