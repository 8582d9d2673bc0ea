import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { formatKey, keyOf, type Key } from '../../api/kubernetes/meta.ts';
import { claimNameOf } from '../../api/datamover/v1alpha1/claim-name.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { desiredDelete, storedResultOf } from '../../api/datamover/v1alpha1/desired-delete.ts';
import { GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { isMadeIn } from '../../api/datamover/v1alpha1/made-in.ts';
import { readBackup } from '../../api/datamover/v1alpha1/spellings.ts';
import { isConflict, isNotFound } from '../../kube/client/kube-error.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { listOrNone } from '../collect.ts';
import { parseOperationID } from '../codec/operation-id.ts';
import { PluginError } from '../plugin-error.ts';
import { retryTransient } from '../retry.ts';
import type { BackupItemInput, CallContext, DeleteItemAction } from '../velero/item-actions.ts';
import { createOnce } from '../requests/create-once.ts';
import { parseItem } from '../velero/item.ts';
import { markOf } from '../velero/moved-mark.ts';
import { isRecordOf } from '../requests/record.ts';
import { requestFields } from '../requests/fields.ts';

/**
 * `oadp.openshift.io/data-mover-delete`: removes the data of a Velero backup from the repository when the backup is deleted. Any
 * cluster may delete it, so the record in the backup must be sufficient. In the cluster of the backup the original of the record
 * has more facts: it may have ended after Velero stopped waiting for it; a backup that could not be finalized contains claims
 * with a mark, but no record; and a request that Velero never used is not in the backup at all. The action works whether the data
 * mover is enabled or not, because the record is deleted with the backup and the data could not be found afterwards.
 */
export function createDeleteAction(cluster: ClusterReader): DeleteItemAction {
  /** Uids of backups; one process serves one deletion. */
  const swept = new Set<string>();

  /** Removes the data of requests that are in no item of the backup. They are listed once per backup, with its first item. */
  async function sweep(backup: Backup, context: CallContext): Promise<void> {
    const { uid } = backup.metadata;
    if (uid === undefined || swept.has(uid)) return;
    const made = await listRequests(cluster, uid, context);
    swept.add(uid);
    const problems: unknown[] = [];
    for (const request of made) {
      const outcome = forgetUnrecorded(cluster, request, backup, context);
      await outcome.catch((error: unknown) => problems.push(error));
    }
    if (problems.length > 0) throw problems[0];
  }

  return {
    // Every backup of a namespace contains the namespace, even if no claim could be stored.
    resources: [`${dataMoverBackups.plural}.${GROUP}`, 'persistentvolumeclaims', 'namespaces'],
    async execute({ item, backup }, context) {
      await forgetItem(cluster, { item, backup }, context);
      await sweep(backup, context);
    },
  };
}

async function forgetItem(
  cluster: ClusterReader,
  { item, backup }: BackupItemInput,
  context: CallContext,
): Promise<void> {
  const stored = parseItem(item);
  if (stored.kind === dataMoverBackups.kind)
    return forget(
      cluster,
      { stored: readBackup(stored as DataMoverBackup), key: keyOf(stored), backup },
      context,
    );
  const mark = parseOperationID(markOf(item) ?? '');
  if (mark !== undefined) await forget(cluster, { key: mark, backup }, context);
}

interface Subject {
  /** The record as stored in the backup, if any. */
  stored?: DataMoverBackup;
  key: Key;
  backup: Backup;
}

/** Maximum number of reads; an unfinished request may change after each. */
const MOST_LOOKS = 4;

async function forget(cluster: ClusterReader, subject: Subject, callContext: CallContext): Promise<void> {
  const { stored, key, backup } = subject;
  const log = callContext.log.child(fieldsOf(key));
  const context = { ...callContext, log };
  if (stored !== undefined && !isRecordOf(stored, backup.metadata.name)) {
    log.debug('the record belongs to another backup: its data is kept');
    return;
  }
  for (let looks = 1; looks <= MOST_LOOKS; looks++) {
    if (await forgetAsFound(cluster, subject, context)) return;
  }
  throw new PluginError(`DataMoverBackup ${formatKey(key)} changed repeatedly and was not deleted`);
}

/** Returns false if the record in the cluster has changed since it was read, because it may name data by now. */
async function forgetAsFound(
  cluster: ClusterReader,
  { stored, key, backup }: Subject,
  context: CallContext,
): Promise<boolean> {
  const { log } = context;
  const found = await readRecord(cluster, key, context);
  const belongs = found !== undefined && isRecordOf(found, backup.metadata.name);
  const live = belongs && isSame(found, stored) ? found : undefined;
  const record = [live, stored].find((one) => one !== undefined && storedResultOf(one) !== undefined);
  if (record === undefined) log.debug('the record names no data: there is nothing to remove');
  else await removeData(cluster, record, backup, context);
  return live === undefined || removeRecord(cluster, live, context);
}

/** Lists all requests whose labels name the backup. */
async function listRequests(
  cluster: ClusterReader,
  backupUid: string,
  { signal }: CallContext,
): Promise<DataMoverBackup[]> {
  const kube = await cluster.kube();
  const labelSelector = `${labels.veleroBackupUid}=${backupUid}`;
  return retryTransient({ clock: cluster.clock, signal }, () =>
    listOrNone(kube, dataMoverBackups, { labelSelector, signal }),
  );
}

/**
 * Removes the data of a request that may be in no item of the backup. Its labels are no proof of its backup: a tenant who can
 * change them could have the data of another backup removed. If its name is no proof either, the data stays.
 */
async function forgetUnrecorded(
  cluster: ClusterReader,
  request: DataMoverBackup,
  backup: Backup,
  context: CallContext,
): Promise<void> {
  const key = keyOf(request);
  if (isMadeIn(request, await claimUidOf(cluster, request, context)))
    return forget(cluster, { key, backup }, context);
  context.log.warn(
    fieldsOf(key),
    `DataMoverBackup ${formatKey(key)} is labeled as part of this backup, but its name does not match: its data is kept`,
  );
}

/** Returns the uid that the controller has recorded; else that of the claim that the request names, if it still exists. */
async function claimUidOf(
  cluster: ClusterReader,
  request: DataMoverBackup,
  { signal }: CallContext,
): Promise<string | undefined> {
  const { metadata, status } = request;
  if (status?.capture?.claimUID !== undefined) return status.capture.claimUID;
  const name = claimNameOf(request);
  if (name === undefined) return undefined;
  const kube = await cluster.kube();
  const key = { namespace: metadata.namespace ?? '', name };
  const claim = await retryTransient({ clock: cluster.clock, signal }, () =>
    kube.get(persistentVolumeClaims, key, { signal }),
  );
  return claim?.metadata.uid;
}

/** In another cluster, another object may have the same name. */
function isSame(live: DataMoverBackup, stored: DataMoverBackup | undefined): boolean {
  return stored === undefined || live.metadata.uid === stored.metadata.uid;
}

async function readRecord(
  cluster: ClusterReader,
  key: Key,
  { signal }: CallContext,
): Promise<DataMoverBackup | undefined> {
  const kube = await cluster.kube();
  return retryTransient({ clock: cluster.clock, signal }, () => kube.get(dataMoverBackups, key, { signal }));
}

async function removeData(
  cluster: ClusterReader,
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
    'the data mover removes the data from the repository',
  );
}

/**
 * Deletes the original of the record in the cluster of the backup, which lives as long as the backup. Deletes only the version
 * that was read; returns false if it has changed since.
 */
async function removeRecord(
  cluster: ClusterReader,
  { metadata }: DataMoverBackup,
  { signal }: CallContext,
): Promise<boolean> {
  const { namespace = '', name, uid = '', resourceVersion = '' } = metadata;
  const kube = await cluster.kube();
  try {
    await retryTransient({ clock: cluster.clock, signal }, () =>
      kube.delete(dataMoverBackups, { namespace, name }, { uid, resourceVersion, signal }),
    );
  } catch (error) {
    if (isConflict(error)) return false;
    // Already deleted since it was read.
    if (!isNotFound(error)) throw error;
  }
  return true;
}

async function ask(
  cluster: ClusterReader,
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
    throw new PluginError(`snapshot ${snapshotID} remains in repository ${repository}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  // For an unknown kind the API server returns 404 without a status; for a missing namespace, the status names it.
  if (isNotFound(error) && error.status === undefined)
    return "the data mover's CustomResourceDefinitions are not installed: apply config/default and delete the backup again";
  return error instanceof Error ? error.message : String(error);
}

function fieldsOf({ namespace = '', name }: Key): Record<string, string> {
  return { resource: dataMoverBackups.plural, namespace, name };
}
