import type { Backup } from '../../api/external/velero.ts';
import { formatKey, keyOf } from '../../api/meta.ts';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import { GROUP } from '../../api/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { isConflict, isNotFound } from '../../kube/client/kube-error.ts';
import type { Cluster } from '../cluster.ts';
import { PluginError } from '../plugin-error.ts';
import type { CallContext, DeleteItemAction } from './action.ts';
import { createOnce } from './create-once.ts';
import { desiredDelete } from './desired-delete.ts';
import { parseItem } from './item.ts';
import { isRecordOf } from './record.ts';
import { retryTransient } from '../retry.ts';

/**
 * `oadp.openshift.io/data-mover-delete`: a Velero backup goes, and its data in the repository with it. Any cluster may be
 * the one that deletes it, so the record in the backup must do. Asked for whether the mover is on or off: the record goes
 * with the backup, and nobody could find the data afterwards.
 */
export function createDeleteAction(cluster: Cluster): DeleteItemAction {
  return {
    resources: [`${dataMoverBackups.plural}.${GROUP}`],
    async execute({ item, backup }, context) {
      const record = parseItem(item) as DataMoverBackup;
      const log = context.log.child(fieldsOf(record));
      if (!isRecordOf(record, backup.metadata.name)) {
        log.debug('the record is that of another backup: its data stays');
        return;
      }
      await removeData(cluster, record, backup, { ...context, log });
      await removeRecord(cluster, record, context);
    },
  };
}

async function removeData(
  cluster: Cluster,
  record: DataMoverBackup,
  backup: Backup,
  context: CallContext,
): Promise<void> {
  const result = record.status?.result;
  if (result === undefined || result.empty === true || result.snapshotID === undefined) {
    context.log.debug('the record names no data: there is nothing to remove');
    return;
  }
  const request = desiredDelete(backup, record, result);
  await ask(cluster, request, context);
  context.log.info(
    { dataMoverDelete: formatKey(keyOf(request)), repository: result.repository },
    'the data is removed from the repository by the data mover',
  );
}

/** The original of the record, in the cluster that made the backup: it lives as long as the backup does. */
async function removeRecord(
  cluster: Cluster,
  { metadata }: DataMoverBackup,
  { signal }: CallContext,
): Promise<void> {
  const { namespace = '', name, uid } = metadata;
  // Without an identity it could be any object of that name.
  if (uid === undefined) return;
  const kube = await cluster.kube();
  try {
    await retryTransient({ clock: cluster.clock, signal }, () =>
      kube.delete(dataMoverBackups, { namespace, name }, { uid, signal }),
    );
  } catch (error) {
    // Another object of that name stands in another cluster, or none of our kinds does.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

async function ask(
  cluster: Cluster,
  request: ReturnType<typeof desiredDelete>,
  { signal }: CallContext,
): Promise<void> {
  try {
    await createOnce(await cluster.kube(), dataMoverDeletes, request, { clock: cluster.clock, signal });
  } catch (error) {
    const { snapshotID = '', repository } = request.spec.result;
    const reason = isNotFound(error)
      ? "the data mover's CustomResourceDefinitions are not installed: apply config/default and delete the backup again"
      : error instanceof Error
        ? error.message
        : String(error);
    throw new PluginError(`snapshot ${snapshotID} stays in repository ${repository}: ${reason}`, {
      cause: error,
    });
  }
}

function fieldsOf({ metadata }: DataMoverBackup): Record<string, string> {
  return { resource: dataMoverBackups.plural, namespace: metadata.namespace ?? '', name: metadata.name };
}
