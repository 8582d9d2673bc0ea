import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BACKUP_SCRIPT } from '../movers/restic/scripts.ts';
import { RESTORE_SCRIPT } from '../movers/restic-repository/transfer/restore-script.ts';
import { SURVEY_SCRIPT } from '../movers/volsync/survey-script.ts';
import { repositorySettings } from '../movers/restic-repository/config.ts';
import { IDENTIFIED_SCRIPT } from '../movers/restic-repository/job/identified-script.ts';
import { removalTask } from '../movers/restic-repository/maintenance/removal.ts';
import { RUN_RESTIC } from '../movers/restic-repository/job/repository-job.ts';
import { verificationScript } from '../movers/restic-repository/verification/script.ts';
import { ensurePackages, SHELLCHECK } from './cluster/packages.ts';
import { createProgress } from './cluster/progress.ts';

/** Runs shellcheck on every script that the controller passes to a pod, and on the scripts in the repository. */

const FOLDER = '.run/scripts';

const removal = removalTask(z.object(repositorySettings).parse({})).script ?? '';

const generated: Readonly<Record<string, string>> = {
  backup: BACKUP_SCRIPT,
  restore: RESTORE_SCRIPT,
  survey: SURVEY_SCRIPT,
  'run-restic': RUN_RESTIC,
  identified: IDENTIFIED_SCRIPT,
  removal,
  'verify-metadata': verificationScript({ kind: 'backup', level: 'Metadata', isLive: false }),
  'verify-data': verificationScript({ kind: 'backup', level: 'Data', isLive: false }),
  'verify-volsync': verificationScript({ kind: 'backup', level: 'Data', isLive: false }, true),
  'verify-restore': verificationScript({ kind: 'restore', level: 'Data', isLive: false }),
};

await ensurePackages(createProgress(process.stdout), [SHELLCHECK], 'the shell scripts cannot be checked');

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const files = Object.entries(generated).map(([name, script]) => {
  const path = join(FOLDER, `${name}.sh`);
  writeFileSync(path, script);
  return path;
});
const shipped = globSync('**/*.sh', { exclude: (name) => ['node_modules', '.run', 'dist'].includes(name) });

// The shell of these scripts is that of busybox: dash with pipefail.
const options = ['--shell', 'dash', '--exclude', 'SC3040'];
try {
  execFileSync('shellcheck', [...options, ...files, ...shipped], { stdio: 'inherit' });
  console.log(`shellcheck finds nothing in ${String(files.length + shipped.length)} scripts`);
} catch {
  process.exitCode = 1;
}
