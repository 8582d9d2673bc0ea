import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { backupName } from '../../api/datamover/v1alpha1/names.ts';
import { labelValue } from '../../api/kubernetes/names.ts';
import { ownLabels } from '../../api/common/own-labels.ts';
import { formatTraceParent, traceParentOf } from '../../api/kubernetes/traceparent.ts';
import { PluginError } from '../plugin-error.ts';

/** Returns the key of the request for one PVC in one backup, whether it exists or not. */
export function backupKey(
  backup: Backup,
  pvc: { namespace: string; uid: string },
): { namespace: string; name: string } {
  return { namespace: pvc.namespace, name: backupName(uidOf(backup), pvc.uid) };
}

/** Returns the request to move the data of one PVC. The same inputs give the same object. */
export function desiredBackup(
  backup: Backup,
  pvc: PersistentVolumeClaim,
  { className, snapshot }: { className: string; snapshot?: string },
): DataMoverBackup & { metadata: { namespace: string } } {
  const { namespace = '', uid = '' } = pvc.metadata;
  const key = backupKey(backup, { namespace, uid });
  return {
    apiVersion: apiVersionOf(dataMoverBackups),
    kind: dataMoverBackups.kind,
    metadata: {
      ...key,
      // Velero stores a request with its outcome in the finalizing pass, whatever its labels. The requests of earlier backups,
      // which exist in the namespace as long as those backups, are not part of this one.
      labels: ownLabels({
        [labels.veleroBackupName]: labelValue(backup.metadata.name),
        [labels.veleroBackupUid]: uidOf(backup),
      }),
      annotations: {
        [annotations.veleroBackup]: backup.metadata.name,
        // One trace for all claims of a backup.
        [annotations.traceparent]: formatTraceParent(traceParentOf(uidOf(backup), key.name)),
      },
    },
    spec: {
      dataMoverClass: className,
      ...(backup.metadata.namespace !== undefined && { installation: backup.metadata.namespace }),
      dataSourceRef: dataSourceOf(pvc, snapshot),
    },
  };
}

/** Returns the snapshot that Velero's CSI support took, if any; else the claim, of which the controller takes a snapshot. */
function dataSourceOf(
  pvc: PersistentVolumeClaim,
  snapshot: string | undefined,
): DataMoverBackup['spec']['dataSourceRef'] {
  return snapshot === undefined
    ? { kind: 'PersistentVolumeClaim', name: pvc.metadata.name }
    : { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: snapshot };
}

function uidOf(backup: Backup): string {
  const { uid } = backup.metadata;
  if (uid === undefined) throw new PluginError(`Backup ${backup.metadata.name} has no metadata.uid`);
  return uid;
}
