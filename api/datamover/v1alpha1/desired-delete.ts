import { apiVersionOf } from '../../kubernetes/meta.ts';
import type { DataMoverBackup } from './data-mover-backup.ts';
import type { DataMoverDelete } from './data-mover-delete.ts';
import { annotations, labels } from './keys.ts';
import { dataMoverDeletes } from './kinds.ts';
import { deleteName } from './names.ts';
import { labelValue } from '../../kubernetes/names.ts';
import { ownLabels } from '../../common/own-labels.ts';

type Result = DataMoverDelete['spec']['result'];

/** Returns the result of a backup if its repository has data of it; otherwise `undefined`. */
export function storedResultOf({ status }: DataMoverBackup): Result | undefined {
  const result = status?.result;
  return result === undefined || result.empty === true || result.snapshotID === undefined
    ? undefined
    : result;
}

/**
 * Returns the request that removes the data of a backup from its repository. The same record gives the same object. A backup
 * that was created by hand has no Velero backup.
 */
export function desiredDelete(
  veleroBackup: { namespace: string; name: string | undefined; storageLocation: string | undefined },
  record: DataMoverBackup,
  result: Result,
): DataMoverDelete {
  const { metadata, spec, status } = record;
  const dataMoverClass = status?.dataMoverClass ?? spec.dataMoverClass;
  const { namespace = '' } = metadata;
  const { name: backupName } = veleroBackup;
  return {
    apiVersion: apiVersionOf(dataMoverDeletes),
    kind: dataMoverDeletes.kind,
    metadata: {
      namespace: veleroBackup.namespace,
      name: deleteName({ namespace, name: metadata.name, ...result }),
      labels: ownLabels(
        backupName === undefined ? {} : { [labels.veleroBackupName]: labelValue(backupName) },
      ),
      annotations: backupName === undefined ? {} : { [annotations.veleroBackup]: backupName },
    },
    spec: {
      ...(dataMoverClass === undefined ? {} : { dataMoverClass }),
      backupName: metadata.name,
      backupNamespace: namespace,
      result,
      ...(veleroBackup.storageLocation !== undefined && {
        backupStorageLocation: veleroBackup.storageLocation,
      }),
      ...(spec.config === undefined ? {} : { config: spec.config }),
    },
  };
}
