import type { VolumeUse } from '../../restic-repository/repository-job.ts';
import { affinityOf } from '../../restic-repository/affinity.ts';
import { PATH } from '../../restic-repository/layout.ts';
import { shortened } from '../../restic-repository/upkeep.ts';
import type { RepositoryTask } from '../../restic-repository/restic-runner.ts';
import { requestUidOf } from '../../request/children.ts';
import { ownerOf } from '../../repository/path.ts';
import type { BackupFacts, MoverRequest, RestoreFacts, RestoreMoverRequest } from '../mover.ts';
import type { ResticConfig } from './config.ts';
import { rootArgument } from '../../restic-repository/root-folder.ts';
import { complaints, readMessages } from '../../restic-repository/transfer-messages.ts';
import { lossesOf, provesRestore, savedFacts } from './proof.ts';
import { BACKUP_SCRIPT, RESTORE_SCRIPT } from './scripts.ts';

/** The two commands that move data, as tasks for {@link ResticRunner}. */

type Request = MoverRequest<ResticConfig>;

/** What restic says itself and would say again: files that cannot be read, no repository, a lock that stays, a wrong password. */
const FINAL_EXITS = [3, 10, 11, 12];

/** A root that may read everything. */
const READER = ['DAC_OVERRIDE'];

/** And restore it as it was: owners, modes with their special bits, devices and the capabilities of files. */
const RESTORER = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

/** `cache` names the claim that keeps restic's cache, and is asked once. */
export function backupTask(
  request: Request,
  cache: () => Promise<string | undefined>,
): RepositoryTask<BackupFacts> {
  const { config } = request;
  return {
    program: 'restic',
    doing: 'backing up',
    image: config.resticImage,
    script: BACKUP_SCRIPT,
    args: [tagOf(request), ...ofPlace(request), ...backupOptions(config), ...limits(config)],
    volume: async () => ({ ...volumeOf(request, READER), cacheClaim: await cache() }),
    options: { finalExits: FINAL_EXITS, env: ENVIRONMENT },
    reading: { progress, complaints },
    read: (lines) => savedFacts(readMessages(lines)),
  };
}

export function restoreTask(
  request: RestoreMoverRequest<ResticConfig>,
): RepositoryTask<RestoreFacts | undefined> {
  const { config, snapshotID } = request;
  return {
    program: 'restic',
    doing: 'restoring',
    image: config.resticImage,
    script: RESTORE_SCRIPT,
    args: [shortened(snapshotID), rootArgument(request.rootFolder), ...limits(config)],
    volume: () => Promise.resolve({ ...volumeOf(request, RESTORER), isWritten: true }),
    // What could not be set the first time cannot be set the second time.
    options: { finalExits: [1, ...FINAL_EXITS], env: ENVIRONMENT },
    reading: { progress, complaints, isGood: provesRestore },
    read(lines) {
      const found = readMessages(lines);
      if (found.summary === undefined) return undefined;
      const { files_restored = 0, files_skipped = 0, bytes_restored = 0, bytes_skipped = 0 } = found.summary;
      const notPreserved = lossesOf(found);
      return {
        snapshotID,
        bytes: bytes_restored + bytes_skipped,
        files: files_restored + files_skipped,
        ...(notPreserved !== undefined && { notPreserved }),
      };
    },
  };
}

/** Bytes for who watches, more often than a sign of life. */
const ENVIRONMENT = { RESTIC_PROGRESS_FPS: '0.2' };

function progress(lines: readonly string[]): ReturnType<typeof readMessages>['progress'] {
  return readMessages(lines).progress;
}

function volumeOf(request: Request, capabilities: readonly string[]): VolumeUse {
  const { config, stagingClaim } = request;
  return {
    claimName: stagingClaim,
    mountPath: PATH,
    // Who names a user takes the privileges that come with it.
    ...(config.moverSecurityContext === undefined && { capabilities }),
    podSecurityContext: config.moverSecurityContext ?? { seccompProfile: { type: 'RuntimeDefault' } },
    serviceAccountName: config.moverServiceAccount,
    resources: config.moverResources,
    affinity: affinityOf(request),
  };
}

/** No other snapshot has it, whatever becomes of pods and Jobs. */
function tagOf(request: Request): string {
  return `request=${requestUidOf(request)}`;
}

/** For people who look into the repository; nothing here reads them. */
function ofPlace({ repositoryPath }: Request): string[] {
  const { cluster, namespace, pvc } = ownerOf(repositoryPath) ?? {};
  return Object.entries({ cluster, namespace, pvc })
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => ['--tag', `${key}=${value ?? ''}`]);
}

function backupOptions({ compression, packSize, readConcurrency }: ResticConfig): string[] {
  return options({ compression, 'pack-size': packSize, 'read-concurrency': readConcurrency });
}

function limits({ limitUpload, limitDownload }: ResticConfig): string[] {
  return options({ 'limit-upload': limitUpload, 'limit-download': limitDownload });
}

function options(values: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}=${String(value)}`);
}
