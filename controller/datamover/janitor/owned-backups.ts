import { cancelPatch } from '../../../api/datamover/v1alpha1/cancel-patch.ts';
import { claimNameOf } from '../../../api/datamover/v1alpha1/claim-name.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { desiredDelete, storedResultOf } from '../../../api/datamover/v1alpha1/desired-delete.ts';
import { annotations } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { isMadeIn } from '../../../api/datamover/v1alpha1/made-in.ts';
import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import { isAlreadyExists } from '../../../kube/client/kube-error.ts';
import { logFieldsOf } from '../../../lifecycle/observe/request-log.ts';
import { backups } from '../../../api/velero/v1.ts';
import type { Listers } from '../environment.ts';
import type { SweepRound } from '../request-kind.ts';
import { actionForBackup, veleroBackupOf, type VeleroObject } from './ownership.ts';
import { deleteRequest, forEachOwned } from './sweep.ts';

/** Checks the Velero backups of DataMoverBackups. */
export async function sweepBackups(round: SweepRound, all: readonly DataMoverBackup[]): Promise<void> {
  const owned = all.filter(veleroBackupOf);
  await forEachOwned(round, { owned, kind: backups }, (one, known) => reconcileOwned(round, one, known));
}

/** Keeps, cancels or deletes a DataMoverBackup according to the state of its Velero backup. */
async function reconcileOwned(
  round: SweepRound,
  backup: DataMoverBackup,
  known: ReadonlyMap<string, VeleroObject>,
): Promise<void> {
  switch (actionForBackup(backup, known)) {
    case 'keep':
      return;
    case 'cancel':
      await cancel(round, backup);
      round.log.info(
        logFieldsOf(backup),
        `DataMoverBackup ${formatKey(keyOf(backup))} is canceled: its Velero backup has ended or no longer exists`,
      );
      return;
    case 'markVeleroFailed':
      if (isMadeIn(backup, claimUidOf(backup, round.listers.claims))) await recordFailure(round, backup);
      return;
    case 'delete':
      await removeData(round, backup);
      await deleteRequest(round, dataMoverBackups, backup);
  }
}

/** Cancels only the version that was read: the request may have ended since, or another may have its name. */
async function cancel({ client, signal }: SweepRound, { metadata }: DataMoverBackup): Promise<void> {
  const { namespace = '', name } = metadata;
  await client.mergePatch(dataMoverBackups, { namespace, name }, cancelPatch(metadata), { signal });
}

function claimUidOf(backup: DataMoverBackup, claims: Listers['claims']): string | undefined {
  const { metadata, status } = backup;
  if (status?.capture?.claimUID !== undefined) return status.capture.claimUID;
  return claims.get(`${metadata.namespace ?? ''}/${claimNameOf(backup) ?? ''}`)?.metadata.uid;
}

async function recordFailure({ client, signal }: SweepRound, backup: DataMoverBackup): Promise<void> {
  const { apiVersion, kind } = backup;
  const { namespace = '', name, uid = '', resourceVersion = '' } = backup.metadata;
  const metadata = { namespace, name, uid, resourceVersion };
  const status = { ...backup.status, veleroBackupFailed: true };
  await client.applyStatus(dataMoverBackups, { apiVersion, kind, metadata, status } as DataMoverBackup, {
    signal,
  });
}

/**
 * Removes the data only if the Velero backup is known to have failed: the record of any other may be in the bucket and be needed.
 */
async function removeData({ client, namespace, signal }: SweepRound, backup: DataMoverBackup): Promise<void> {
  const result = storedResultOf(backup);
  if (result === undefined || backup.status?.veleroBackupFailed !== true) return;
  const name = backup.metadata.annotations?.[annotations.veleroBackup] ?? '';
  const storageLocation = result.backupStorageLocation;
  const desired = desiredDelete({ namespace, name, storageLocation }, backup, result);
  try {
    await client.create(dataMoverDeletes, desired, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
