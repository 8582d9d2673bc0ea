import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { PluginError } from '../plugin-error.ts';
import type { CallContext, RestoreItemInput, RestoreItemOutput } from '../velero/item-actions.ts';
import { editItem, parseItem, removeKeys } from '../velero/item.ts';
import { targetNamespace } from './namespace-mapping.ts';

/**
 * Restores a claim that was backed up while another restore was about to fill it. It has a selector that no volume will ever
 * match, and the backup has no data of it: if it were restored unchanged, the restore would complete and its pods would wait
 * forever.
 * @returns undefined for anything else
 */
export async function restoreWaitingClaim(
  cluster: ClusterReader,
  { item, itemFromBackup, restore }: RestoreItemInput,
  { signal }: CallContext,
): Promise<RestoreItemOutput | undefined> {
  const request = awaitedBy(itemFromBackup);
  if (request === undefined) return undefined;
  const { namespace = '', name } = parseItem(item).metadata;
  if (restore.spec.restorePVs === false)
    return {
      item: editItem(item, ({ spec, labels: own }) => {
        removeKeys(spec, 'selector');
        removeKeys(own, labels.restoredBy);
      }),
    };
  const target = { namespace: targetNamespace(restore, namespace), name };
  const existing = await (await cluster.kube()).get(persistentVolumeClaims, target, { signal });
  if (existing !== undefined) return {};
  throw new PluginError(
    `PersistentVolumeClaim ${namespace}/${name} waited for DataMoverRestore ${namespace}/${request} when the backup was made, so this backup holds none of its data; restore it from the backup that the DataMoverRestore took it from, or from a later one`,
  );
}

/** Returns the name of the DataMoverRestore that an unbound claim waits for. */
function awaitedBy(item: Buffer): string | undefined {
  // Avoids parsing most items.
  if (!item.includes(labels.restoredBy)) return undefined;
  const object = parseItem(item);
  if (object.kind !== persistentVolumeClaims.kind) return undefined;
  const { spec } = object as PersistentVolumeClaim;
  return spec.volumeName === undefined ? spec.selector?.matchLabels?.[labels.restoredBy] : undefined;
}
