import type { VolumeUse } from '../restic-repository/job/repository-job.ts';
import { affinityOf } from '../restic-repository/job/affinity.ts';
import { PATH } from '../restic-repository/snapshot-layout.ts';
import { shortened } from '../restic-repository/maintenance/maintenance-tasks.ts';
import type { RepositoryTask } from '../restic-repository/job/repository-task.ts';
import { requestUidOf } from '../../lifecycle/request/child-identity.ts';
import { ownerOf } from '../repository-path.ts';
import type { BackupFacts, MoverRequest, RestoreFacts, RestoreMoverRequest } from '../mover.ts';
import type { ResticConfig } from './config.ts';
import { rootArgument } from '../restic-repository/transfer/root-folder.ts';
import { lossesOf, restoredIn } from '../restic-repository/transfer/restore-proof.ts';
import { readMessages } from '../restic-repository/transfer/transfer-messages.ts';
import { BACKUP_RUN, READER, RESTORER, RESTORE_RUN } from '../restic-repository/transfer/transfer-run.ts';
import { savedFacts } from './proof.ts';
import { BACKUP_SCRIPT } from './scripts.ts';

/** Backup and restore, as tasks for {@link ResticRunner}. */

type Request = MoverRequest<ResticConfig>;

/** `cache` returns the name of the claim that keeps restic's cache; it is called once. */
export function backupTask(
  request: Request,
  cache: () => Promise<string | undefined>,
): RepositoryTask<BackupFacts> {
  const { config } = request;
  return {
    ...BACKUP_RUN,
    doing: 'backing up',
    image: config.resticImage,
    script: BACKUP_SCRIPT,
    args: [tagOf(request), ...ofPlace(request), ...backupOptions(config), ...limits(config)],
    volume: async () => ({ ...volumeOf(request, READER), cacheClaim: await cache() }),
    read: (lines) => savedFacts(readMessages(lines)),
  };
}

export function restoreTask(
  request: RestoreMoverRequest<ResticConfig>,
): RepositoryTask<RestoreFacts | undefined> {
  const { config, snapshotID } = request;
  return {
    ...RESTORE_RUN,
    doing: 'restoring',
    image: config.resticImage,
    args: [shortened(snapshotID), rootArgument(request.rootFolder), ...limits(config)],
    volume: () => Promise.resolve({ ...volumeOf(request, RESTORER), isWritten: true }),
    read(lines) {
      const found = readMessages(lines);
      const restored = restoredIn(found);
      if (restored === undefined) return undefined;
      const notPreserved = lossesOf(found);
      return { snapshotID, ...restored, ...(notPreserved !== undefined && { notPreserved }) };
    },
  };
}

function volumeOf(request: Request, capabilities: readonly string[]): VolumeUse {
  const { config, stagingClaim } = request;
  return {
    claimName: stagingClaim,
    mountPath: PATH,
    // A configured user gets no capabilities beyond its own.
    ...(config.moverSecurityContext === undefined && { capabilities }),
    podSecurityContext: config.moverSecurityContext ?? { seccompProfile: { type: 'RuntimeDefault' } },
    serviceAccountName: config.moverServiceAccount,
    resources: config.moverResources,
    affinity: affinityOf(request),
  };
}

/** Returns a tag that only snapshots of this request have, in whichever pod or Job they were saved. */
function tagOf(request: Request): string {
  return `request=${requestUidOf(request)}`;
}

/** Returns tags for users who inspect the repository; the controller does not read them. */
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
