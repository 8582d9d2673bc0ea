import type { RepositoryTask } from '../job/repository-task.ts';
import { provesRestore } from './restore-proof.ts';
import { RESTORE_SCRIPT } from './restore-script.ts';
import { complaints, readMessages } from './transfer-messages.ts';

/** Exit codes that would recur at a retry: files that cannot be read, no repository, a lock that persists, a wrong password. */
const FINAL_EXITS = [3, 10, 11, 12];

/** Reports bytes more often than is needed to detect a hanging restic, for users who watch the progress. */
const ENVIRONMENT = { RESTIC_PROGRESS_FPS: '0.2' };

/** Capabilities to read every file as root. */
export const READER = ['DAC_OVERRIDE'];

/** Capabilities to also restore owners, modes with their special bits, devices and file capabilities. */
export const RESTORER = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

type Run = Pick<RepositoryTask<unknown>, 'program' | 'options' | 'reading'>;

export const BACKUP_RUN = {
  program: 'restic',
  options: { finalExits: FINAL_EXITS, env: ENVIRONMENT },
  reading: { progress, complaints },
} as const satisfies Run;

export const RESTORE_RUN = {
  program: 'restic',
  script: RESTORE_SCRIPT,
  // 1: what could not be set in the first try cannot be set in a second one.
  options: { finalExits: [1, ...FINAL_EXITS], env: ENVIRONMENT },
  reading: { progress, complaints, isGood: provesRestore },
} as const satisfies Run & { script: string };

function progress(lines: readonly string[]): ReturnType<typeof readMessages>['progress'] {
  return readMessages(lines).progress;
}
