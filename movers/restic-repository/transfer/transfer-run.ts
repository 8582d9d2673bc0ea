import type { RepositoryTask } from '../job/runner.ts';
import { provesRestore } from './restore-proof.ts';
import { RESTORE_SCRIPT } from './restore-script.ts';
import { complaints, readMessages } from './transfer-messages.ts';

/** What restic reports itself and would report again: files that cannot be read, no repository, a lock that stays, a wrong password. */
const FINAL_EXITS = [3, 10, 11, 12];

/** Bytes for who watches, more often than a sign of life. */
const ENVIRONMENT = { RESTIC_PROGRESS_FPS: '0.2' };

/** A root that may read everything. */
export const READER = ['DAC_OVERRIDE'];

/** And restore it as it was: owners, modes with their special bits, devices and the capabilities of files. */
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
  // What could not be set the first time cannot be set the second time.
  options: { finalExits: [1, ...FINAL_EXITS], env: ENVIRONMENT },
  reading: { progress, complaints, isGood: provesRestore },
} as const satisfies Run & { script: string };

function progress(lines: readonly string[]): ReturnType<typeof readMessages>['progress'] {
  return readMessages(lines).progress;
}
