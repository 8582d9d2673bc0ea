import type { Backup } from '../../api/external/velero.ts';
import { apiVersionOf } from '../../api/meta.ts';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/v1alpha1/data-mover-delete.ts';
import { annotations, labels, MANAGED_BY } from '../../api/v1alpha1/keys.ts';
import { dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { deleteName, labelValue } from '../../api/v1alpha1/names.ts';

type Result = DataMoverDelete['spec']['result'];

/** The request to remove what a backup has put into its repository. The same record gives the same object. */
export function desiredDelete(backup: Backup, record: DataMoverBackup, result: Result): DataMoverDelete {
  const { metadata, spec, status } = record;
  const dataMoverClass = status?.dataMoverClass ?? spec.dataMoverClass;
  const { namespace = '' } = metadata;
  return {
    apiVersion: apiVersionOf(dataMoverDeletes),
    kind: dataMoverDeletes.kind,
    metadata: {
      namespace: backup.metadata.namespace ?? '',
      name: deleteName({ namespace, name: metadata.name, ...result }),
      labels: {
        [labels.veleroBackupName]: labelValue(backup.metadata.name),
        [labels.managedBy]: MANAGED_BY,
        // A request that is under way is nobody's data.
        [labels.veleroExclude]: 'true',
      },
      annotations: { [annotations.veleroBackup]: backup.metadata.name },
    },
    spec: {
      ...(dataMoverClass === undefined ? {} : { dataMoverClass }),
      backupName: metadata.name,
      backupNamespace: namespace,
      result,
      ...(spec.config === undefined ? {} : { config: spec.config }),
    },
  };
}
