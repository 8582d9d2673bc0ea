import type { Backup } from '../../api/external/velero.ts';
import { formatKey, keyOf, type Key } from '../../api/meta.ts';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/v1alpha1/data-mover-delete.ts';
import { desiredDelete, storedResultOf } from '../../api/v1alpha1/desired-delete.ts';
import { GROUP } from '../../api/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { isConflict, isNotFound } from '../../kube/client/kube-error.ts';
import type { Cluster } from '../cluster.ts';
import { parseOperationID } from '../codec/operation-id.ts';
import { PluginError } from '../plugin-error.ts';
import { retryTransient } from '../retry.ts';
import type { CallContext, DeleteItemAction } from './action.ts';
import { createOnce } from './create-once.ts';
import { parseItem } from './item.ts';
import { markOf } from './moved-mark.ts';
import { isRecordOf } from './record.ts';
import { requestFields } from './request-fields.ts';

/**
 * `oadp.openshift.io/data-mover-delete`: a Velero backup goes, and its data in the repository with it. Any cluster may be
 * the one that deletes it, so the record in the backup must do. In the cluster that made the backup the original of the
 * record knows more: it may have ended after Velero had stopped to wait for it, and a backup that could not be finalized
 * holds claims with a mark, but no record. Asked for whether the mover is on or off: the record goes with the backup, and
 * nobody could find the data afterwards.
 */
export function createDeleteAction(cluster: Cluster): DeleteItemAction {
  return {
    resources: [`${dataMoverBackups.plural}.${GROUP}`, 'persistentvolumeclaims'],
    async execute({ item, backup }, context) {
      const stored = parseItem(item);
      if (stored.kind === dataMoverBackups.kind)
        return forget(cluster, { stored: stored as DataMoverBackup, key: keyOf(stored), backup }, context);
      const mark = parseOperationID(markOf(item) ?? '');
      if (mark !== undefined) await forget(cluster, { key: mark, backup }, context);
    },
  };
}

interface Subject {
  /** The record as the backup holds it, where it does. */
  stored?: DataMoverBackup;
  key: Key;
  backup: Backup;
}

async function forget(
  cluster: Cluster,
  { stored, key, backup }: Subject,
  callContext: CallContext,
): Promise<void> {
  const log = callContext.log.child(fieldsOf(key));
  const context = { ...callContext, log };
  const belongs = (record: DataMoverBackup): boolean => isRecordOf(record, backup.metadata.name);
  if (stored !== undefined && !belongs(stored)) {
    log.debug('the record is that of another backup: its data stays');
    return;
  }
  const found = await readRecord(cluster, key, context);
  const live = found !== undefined && belongs(found) && isSame(found, stored) ? found : undefined;
  const record = [live, stored].find((one) => one !== undefined && storedResultOf(one) !== undefined);
  if (record === undefined) log.debug('the record names no data: there is nothing to remove');
  else await removeData(cluster, record, backup, context);
  if (live !== undefined) await removeRecord(cluster, live, context);
}

/** Another object of that name may stand in another cluster. */
function isSame(live: DataMoverBackup, stored: DataMoverBackup | undefined): boolean {
  return stored === undefined || live.metadata.uid === stored.metadata.uid;
}

async function readRecord(
  cluster: Cluster,
  key: Key,
  { signal }: CallContext,
): Promise<DataMoverBackup | undefined> {
  const kube = await cluster.kube();
  return retryTransient({ clock: cluster.clock, signal }, () => kube.get(dataMoverBackups, key, { signal }));
}

async function removeData(
  cluster: Cluster,
  record: DataMoverBackup,
  backup: Backup,
  context: CallContext,
): Promise<void> {
  const result = storedResultOf(record);
  if (result === undefined) return;
  const { namespace = '', name } = backup.metadata;
  const request = desiredDelete(
    { namespace, name, storageLocation: backup.spec.storageLocation },
    record,
    result,
  );
  const asked = await ask(cluster, request, context);
  context.log.info(
    { ...requestFields(asked), dataMoverDelete: formatKey(keyOf(request)), repository: result.repository },
    'the data is removed from the repository by the data mover',
  );
}

/** The original of the record, in the cluster that made the backup: it lives as long as the backup does. */
async function removeRecord(
  cluster: Cluster,
  { metadata }: DataMoverBackup,
  { signal }: CallContext,
): Promise<void> {
  const { namespace = '', name, uid = '' } = metadata;
  const kube = await cluster.kube();
  try {
    await retryTransient({ clock: cluster.clock, signal }, () =>
      kube.delete(dataMoverBackups, { namespace, name }, { uid, signal }),
    );
  } catch (error) {
    // It went by itself since it was read.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

async function ask(
  cluster: Cluster,
  request: DataMoverDelete,
  { signal }: CallContext,
): Promise<DataMoverDelete> {
  try {
    return await createOnce(await cluster.kube(), dataMoverDeletes, request, {
      clock: cluster.clock,
      signal,
    });
  } catch (error) {
    const { snapshotID = '', repository } = request.spec.result;
    throw new PluginError(`snapshot ${snapshotID} stays in repository ${repository}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  // Of a kind that it does not know the API server says 404 and nothing else; of a missing namespace it says which.
  if (isNotFound(error) && error.status === undefined)
    return "the data mover's CustomResourceDefinitions are not installed: apply config/default and delete the backup again";
  return error instanceof Error ? error.message : String(error);
}

function fieldsOf({ namespace = '', name }: Key): Record<string, string> {
  return { resource: dataMoverBackups.plural, namespace, name };
}
