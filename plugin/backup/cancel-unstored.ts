import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { isConflict, isNotFound } from '../../kube/client/kube-error.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { cancelRequest } from '../requests/cancel.ts';

/**
 * Cancels a request for a claim that is not stored as moved, because no backup would name its data. Never rejects, and continues
 * even if Velero has given up the call. A request that cannot be canceled is removed when the Velero backup is deleted.
 */
export async function cancelUnstored(
  cluster: ClusterReader,
  request: DataMoverBackup,
  log: Logger,
): Promise<void> {
  const name = `DataMoverBackup ${formatKey(keyOf(request))}`;
  try {
    await cancelRequest(cluster, dataMoverBackups, request.metadata);
    log.info(`${name} is canceled: its claim is not stored as moved`);
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return;
    log.warn(
      { err: error },
      `${name} could not be canceled; the data that it moves is in no backup and is removed with this one`,
    );
  }
}
