import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { formatKey, type Key } from '../../api/kubernetes/meta.ts';
import { annotations, GROUP, labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { restoreSourceOf, type RestoreSource } from '../../api/datamover/v1alpha1/restore-source.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { parseOperationID, toOperationID } from '../codec/operation-id.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { PluginError } from '../plugin-error.ts';
import { howToEnable } from '../settings.ts';
import type {
  CallContext,
  ResourceIdentifier,
  RestoreItemInput,
  RestoreItemOutput,
} from '../velero/item-actions.ts';
import { createOnce } from '../requests/create-once.ts';
import { desiredRestore, restoreKey } from './desired-restore.ts';
import { asItIs, leftAlone, mayOverwrite, unmarked, waitUntilOutOfUse } from './existing-claim.ts';
import { editItem, removeKeys, type ItemParts } from '../velero/item.ts';
import { targetNamespace } from './namespace-mapping.ts';
import { isRecordOfRestore } from '../requests/record.ts';
import { missingRecordsRemedy } from './record-filter.ts';
import { requestFields } from '../requests/fields.ts';
import { isTerminal } from '../requests/status.ts';
import { BINDING_ANNOTATIONS } from '../velero/constants.ts';

/** A claim of the backup whose data was moved. */
export interface MovedClaim extends RestoreItemInput {
  pvc: PersistentVolumeClaim;
  /** `namespace/name` of the DataMoverBackup of its data. */
  movedBy: string;
}

export type RestoreClaim = (claim: MovedClaim, context: CallContext) => Promise<RestoreItemOutput>;

/**
 * Creates the restore of claims: it restores the claim without a volume, prevents provisioners from serving it, and creates the
 * request for its data.
 */
export function createClaimRestore(cluster: ClusterReader): RestoreClaim {
  return async (claim, { log: callLog, signal }) => {
    const { pvc, restore, item, movedBy } = claim;
    const subject = `PersistentVolumeClaim ${pvc.metadata.namespace ?? ''}/${pvc.metadata.name}`;
    const target = {
      namespace: targetNamespace(restore, pvc.metadata.namespace ?? ''),
      name: pvc.metadata.name,
    };
    const log = callLog.child({ resource: 'persistentvolumeclaims', ...target });

    if (restore.spec.restorePVs === false) {
      log.info(`spec.restorePVs of the Restore is false: ${subject} is restored without its data`);
      return { item: editItem(item, unbind) };
    }
    await assertOn(cluster, claim, subject);
    const kube = await cluster.kube();
    const existing = await kube.get(persistentVolumeClaims, target, { signal });
    if (existing !== undefined && !mayOverwrite(restore)) {
      log.warn(leftAlone(target));
      return unmarked(item);
    }
    const record = recordKeyOf(movedBy, subject);
    const source = await findSource(kube, claim, { record, subject, signal });
    const { clock } = cluster;
    const existingClaimPolicy = existing === undefined ? undefined : 'Overwrite';
    const wanted = desiredRestore(restore, target, { movedBy, source, existingClaimPolicy });
    const request = await createOnce(kube, dataMoverRestores, wanted, { clock, signal });
    const key = restoreKey(restore, target);
    log.info(
      { ...requestFields(request), dataMoverRestore: formatKey(key), dataMoverBackup: movedBy },
      'the data mover restores the data',
    );
    if (source !== undefined) await waitUntilOutOfUse(kube, request, { log, signal, clock });
    const output = existing === undefined ? awaiting(item, key) : replacing(item, key, existing);
    return source === undefined ? { ...output, additionalItems: [identify(record)] } : output;
  };
}

/** Returns `undefined` if the filters of the restore include the record, which Velero then restores next. */
async function findSource(
  kube: KubeClient,
  claim: MovedClaim,
  { record, subject, signal }: { record: Required<Key>; subject: string; signal: AbortSignal },
): Promise<RestoreSource | undefined> {
  const remedy = missingRecordsRemedy(claim.restore);
  if (remedy === undefined) return undefined;
  const source = await sourceInCluster(kube, claim, record, signal);
  if (source !== undefined) return source;
  throw new PluginError(
    `the resource filters of the Restore exclude DataMoverBackup ${claim.movedBy}, the record of the data of ${subject}: ` +
      `${remedy}, then restore again`,
  );
}

/** Returns the record from the cluster of the backup, for a restore whose filters exclude the one in the backup. */
async function sourceInCluster(
  kube: KubeClient,
  { restore }: MovedClaim,
  key: Required<Key>,
  signal: AbortSignal,
): Promise<RestoreSource | undefined> {
  const record = await kube.get(dataMoverBackups, key, { signal });
  if (record === undefined || !isRecordOfRestore(record, restore)) return undefined;
  return isTerminal(record.status?.phase ?? '') ? restoreSourceOf(record) : undefined;
}

async function assertOn(cluster: ClusterReader, claim: MovedClaim, subject: string): Promise<void> {
  const namespace = claim.restore.metadata.namespace ?? '';
  const settings = await cluster.settings(namespace);
  if (settings.enabled) return;
  throw new PluginError(
    `the data of ${subject} is in DataMoverBackup ${claim.movedBy}, and the data mover is off in namespace ${namespace} (${settings.origin}); ` +
      `to restore it, ${howToEnable(namespace)}, then restore again`,
  );
}

/** Returns a claim that waits: its selector matches only the restored volume, and provisioners reject claims with a selector. */
function awaiting(item: Buffer, key: { namespace: string; name: string }): RestoreItemOutput {
  return {
    item: editItem(item, (parts) => {
      unbind(parts);
      parts.labels[labels.restoredBy] = key.name;
      parts.spec.selector = { matchLabels: { [labels.restoredBy]: key.name } };
    }),
    operationID: toOperationID(key),
  };
}

/** Returns an existing claim, which stays out of use until it has the data. */
function replacing(
  item: Buffer,
  key: { namespace: string; name: string },
  existing: PersistentVolumeClaim,
): RestoreItemOutput {
  return { item: asItIs(item, existing), operationID: toOperationID(key) };
}

/** Removes the reference to the former volume. */
function unbind({ spec, annotations: own }: ItemParts): void {
  removeKeys(spec, 'volumeName', 'dataSource', 'dataSourceRef');
  removeKeys(own, annotations.movedBy, ...BINDING_ANNOTATIONS);
}

/** Returns the key of the record in the backup. */
function recordKeyOf(movedBy: string, subject: string): Required<Key> {
  const key = parseOperationID(movedBy);
  if (key === undefined)
    throw new PluginError(
      `the annotation ${annotations.movedBy} of ${subject} is "${movedBy}", not namespace/name of a DataMoverBackup`,
    );
  return key;
}

/** Returns the record as an additional item, which Velero restores next and passes to the record action. */
function identify(record: Required<Key>): ResourceIdentifier {
  return { group: GROUP, resource: dataMoverBackups.plural, ...record };
}
