import type { Restore } from '../../api/velero/v1.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { claimNameOf } from '../../api/datamover/v1alpha1/claim-name.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations, GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { shortHash } from '../../api/datamover/v1alpha1/names.ts';
import { restoreSourceOf } from '../../api/datamover/v1alpha1/restore-source.ts';
import { readBackup } from '../../api/datamover/v1alpha1/spellings.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Cluster } from '../cluster.ts';
import { collect } from '../collect.ts';
import type { CallContext, RestoreItemAction } from './action.ts';
import { restoreKey } from './desired-restore.ts';
import { waitUntilOutOfUse } from './existing-claim.ts';
import { parseItem } from './item.ts';
import { targetNamespace } from './namespace-mapping.ts';
import { isRecordOfRestore } from './record.ts';
import { requestFields } from './request-fields.ts';
import { createRequestOperations } from './request-operations.ts';
import { retryTransient } from '../retry.ts';

/**
 * `oadp.openshift.io/data-mover-record`: a stored DataMoverBackup is the record of where data is. It is never restored
 * itself (a controller would take it for a new request); it tells the request that waits for it what to bring back.
 */
export function createRecordAction(cluster: Cluster): RestoreItemAction {
  const operations = createRequestOperations(cluster, dataMoverRestores, 'downloading');
  return {
    resources: [`${dataMoverBackups.plural}.${GROUP}`],
    async execute({ itemFromBackup, restore }, context) {
      const record = readBackup(parseItem(itemFromBackup) as DataMoverBackup);
      if (isRecordOfRestore(record, restore)) await handOver(cluster, record, restore, context);
      return { skipRestore: true };
    },
    // No operation is ever begun here, but the service has the calls.
    progress: (operationID, restore) => operations.progress(operationID, restore),
    cancel: (operationID, _restore, context) => operations.cancel(operationID, context),
  };
}

async function handOver(
  cluster: Cluster,
  record: DataMoverBackup,
  restore: Restore,
  { log: callLog, signal }: CallContext,
): Promise<void> {
  const namespace = targetNamespace(restore, record.metadata.namespace ?? '');
  const log = callLog.child({ resource: dataMoverBackups.plural, namespace, name: record.metadata.name });
  const kube = await cluster.kube();
  const request = await findRequest(kube, { record, restore, namespace }, signal);
  // Two namespaces may be mapped into one, and hold claims of one name: a claim gets the data of its own record only.
  if (request?.metadata.annotations?.[annotations.movedBy] !== formatKey(keyOf(record))) {
    log.debug('no DataMoverRestore waits for this record');
    return;
  }
  // The source is set once; the API server refuses a second time.
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
  /** Into which the claim is restored. */
  namespace: string;
}

/** By the claim's name; a record of a snapshot that was never captured does not know it, and its request is found by a label. */
async function findRequest(
  kube: KubeClient,
  { record, restore, namespace }: Wanted,
  signal: AbortSignal,
): Promise<DataMoverRestore | undefined> {
  const name = claimNameOf(record);
  if (name !== undefined)
    return kube.get(dataMoverRestores, restoreKey(restore, { namespace, name }), { signal });
  const wanted = formatKey(keyOf(record));
  // A backup may hold thousands of such records: a list of all requests of the restore for each is too much.
  const ofRestore = `${labels.veleroRestoreUid}=${restore.metadata.uid ?? ''}`;
  const labelSelector = `${ofRestore},${labels.movedBy}=${shortHash(wanted)}`;
  const requests = await collect(kube.list(dataMoverRestores, { namespace, labelSelector, signal }));
  return requests.find(({ metadata }) => metadata.annotations?.[annotations.movedBy] === wanted);
}
