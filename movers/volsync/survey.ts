import type { Job } from '../../api/kubernetes/core.ts';
import { notSavedIn } from '../restic-repository/transfer/not-saved.ts';
import { readMessages, type Messages } from '../restic-repository/transfer/transfer-messages.ts';
import type { ResticRunner } from '../restic-repository/job/runner.ts';
import { volumeUseOf, type PodPrivileges } from '../restic-repository/job/volume-use.ts';
import type { BackupFacts, MoverOutcome, MoverRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';
import { SURVEY_SCRIPT } from './survey-script.ts';

/**
 * A survey of the volume before VolSync reads it: VolSync leaves out files without reporting it, so a Job of ours looks for them
 * first. The result is stored as an annotation of the ReplicationSource, because the log of the Job may be lost when VolSync
 * ends.
 */

/** What a survey adds to the facts of a backup. */
export type Survey = Pick<BackupFacts, 'notSaved' | 'rootFolder' | 'repositoryID'>;

/** Suffix of the Job's name, after the name of the request. */
export const SURVEY = '-survey';

type Request = MoverRequest<VolSyncConfig>;

export async function survey(
  { resticRunner, access }: { resticRunner: ResticRunner; access: PodPrivileges },
  request: Request,
): Promise<MoverOutcome<Survey>> {
  const outcome = await resticRunner.run(request, {
    program: 'restic',
    image: request.config.resticImage,
    doing: 'looking for what VolSync leaves out',
    script: SURVEY_SCRIPT,
    args: [],
    suffix: SURVEY,
    volume: () => volumeUseOf(access, request),
    read: readSurvey,
  });
  if (outcome.state !== 'Done') return outcome;
  return outcome.facts.state === 'Done' && !isOver(resticRunner.jobOf(request, SURVEY))
    ? LEAVING
    : outcome.facts;
}

/**
 * Returns true if the Job controller has counted the pod as succeeded, so that every client can see its end. VolSync schedules
 * its mover on the node of a running pod that uses the volume; when it sees that pod end, it replaces the mover's Job, and the
 * new Job saves the volume again.
 */
function isOver(job: Job | undefined): boolean {
  return (job?.status?.succeeded ?? 0) > 0;
}

const LEAVING: MoverOutcome<never> = {
  state: 'InProgress',
  started: false,
  message: 'waiting for the end of the pod that looked for what VolSync leaves out',
};

/** Fails a backup before anything is saved if VolSync would leave out data. */
export function readSurvey(lines: readonly string[]): MoverOutcome<Survey> {
  const found = readMessages(lines);
  const { leftOut } = found;
  if (leftOut === undefined) {
    const message = 'the log of the Job that looked for what VolSync leaves out is lost; back up again';
    return { state: 'Failed', reason: 'MoverFailed', message };
  }
  const { held, first } = leftOut;
  if (held > 0) {
    const message = `VolSync does not save what is named lost+found, and the volume contains data under ${String(held)} such name${held === 1 ? '' : 's'}, the first being ${JSON.stringify(first)}; move or remove the data, or choose a DataMoverClass of mover Restic, which saves it`;
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
