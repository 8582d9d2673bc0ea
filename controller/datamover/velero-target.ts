import type { EventTarget } from '../../lifecycle/observe/event-target.ts';
import type { ObjectMeta } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { objectName } from '../../api/datamover/v1alpha1/schema.ts';

/**
 * Returns the Velero Backup or Restore of a request as the target of Events. Returns undefined if the request was created by
 * hand, or if its annotation or label is not a valid name or uid.
 */
export function veleroTarget(
  kind: 'Backup' | 'Restore',
  request: { metadata: ObjectMeta },
  namespace: string,
): EventTarget | undefined {
  const [annotation, label] =
    kind === 'Backup'
      ? [annotations.veleroBackup, labels.veleroBackupUid]
      : [annotations.veleroRestore, labels.veleroRestoreUid];
  const name = objectName.safeParse(request.metadata.annotations?.[annotation]);
  const uid = objectName.safeParse(request.metadata.labels?.[label]);
  if (!name.success || !uid.success) return undefined;
  return { apiVersion: 'velero.io/v1', kind, namespace, name: name.data, uid: uid.data };
}
