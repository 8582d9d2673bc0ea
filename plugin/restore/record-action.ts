import type { Restore } from '../../api/velero/v1.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { claimNameOf } from '../../api/datamover/v1alpha1/claim-name.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { shortHash } from '../../api/kubernetes/names.ts';
import { restoreSourceOf } from '../../api/datamover/v1alpha1/restore-source.ts';
import { readBackup } from '../../api/datamover/v1alpha1/spellings.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { collect } from '../collect.ts';
import type { CallContext, RestoreItemAction } from '../velero/item-actions.ts';
import { restoreKey } from './desired-restore.ts';
import { waitUntilOutOfUse } from './existing-claim.ts';
import { parseItem } from '../velero/item.ts';
import { targetNamespace } from './namespace-mapping.ts';
import { isRecordOfRestore } from '../requests/record.ts';
import { requestFields } from '../requests/fields.ts';
import { createRequestOperations } from '../requests/operations.ts';
import { retryTransient } from '../retry.ts';

/** Users may create each of these by hand, so a backup of their namespace contains them. */
const REQUESTS = [dataMoverBackups, dataMoverRestores, dataMoverDeletes, dataMoverPrunes];

/**
 * `oadp.openshift.io/data-mover-record`: no stored request is restored, because a controller would treat it as a new one and, for
 * example, overwrite a claim again. A stored DataMoverBackup is also the record of data: it becomes the source of the
 * DataMoverRestore that waits for it.
 */
export function createRecordAction(cluster: ClusterReader): RestoreItemAction {
  const operations = createRequestOperations(cluster, dataMoverRestores, 'downloading');
  return {
    resources: REQUESTS.map(({ plural }) => `${plural}.${GROUP}`),
    async execute({ itemFromBackup, restore }, context) {
      const item = parseItem(itemFromBackup);
      if (item.kind !== dataMoverBackups.kind) return { skipRestore: true };
      const record = readBackup(item as DataMoverBackup);
      if (isRecordOfRestore(record, restore)) await handOver(cluster, record, restore, context);
      return { skipRestore: true };
    },
    // This action starts no operations, but the service requires the methods.
    progress: (operationID, restore) => operations.progress(operationID, restore),
    cancel: (operationID, _restore, context) => operations.cancel(operationID, context),
  };
}

async function handOver(
  cluster: ClusterReader,
  record: DataMoverBackup,
  restore: Restore,
  { log: callLog, signal }: CallContext,
): Promise<void> {
  const namespace = targetNamespace(restore, record.metadata.namespace ?? '');
  const log = callLog.child({ resource: dataMoverBackups.plural, namespace, name: record.metadata.name });
  const kube = await cluster.kube();
  const request = await findRequest(kube, { record, restore, namespace }, signal);
  // Two namespaces with claims of the same name may be mapped to one; a claim gets only the data of its own record.
  if (request?.metadata.annotations?.[annotations.movedBy] !== formatKey(keyOf(record))) {
    log.debug('no DataMoverRestore waits for this record');
    return;
  }
  // The source is immutable once it is set.
  if (request.spec.source !== undefined) return;
  const key = keyOf(request);
  const patch = { spec: { source: restoreSourceOf(record) } };
  const complete = await retryTransient({ clock: cluster.clock, signal }, () =>
    kube.mergePatch(dataMoverRestores, key, patch, { signal }),
  );
  log.debug(requestFields(request), `DataMoverRestore ${formatKey(key)} has its source`);
  await waitUntilOutOfUse(kube, complete, { log, signal, clock: cluster.clock });
}

interface Wanted {
  record: DataMoverBackup;
  restore: Restore;
  /** The namespace into which the claim is restored. */
  namespace: string;
}

/**
 * Finds the request by the claim's name. A record of a snapshot that was never captured does not contain it, so a label is used.
 */
async function findRequest(
  kube: KubeClient,
  { record, restore, namespace }: Wanted,
  signal: AbortSignal,
): Promise<DataMoverRestore | undefined> {
  const name = claimNameOf(record);
  if (name !== undefined)
    return kube.get(dataMoverRestores, restoreKey(restore, { namespace, name }), { signal });
  const wanted = formatKey(keyOf(record));
  // A backup may contain thousands of such records, so listing all requests of the restore for each is too expensive.
  const ofRestore = `${labels.veleroRestoreUid}=${restore.metadata.uid ?? ''}`;
  const labelSelector = `${ofRestore},${labels.movedBy}=${shortHash(wanted)}`;
  const requests = await collect(kube.list(dataMoverRestores, { namespace, labelSelector, signal }));
  return requests.find(({ metadata }) => metadata.annotations?.[annotations.movedBy] === wanted);
}
