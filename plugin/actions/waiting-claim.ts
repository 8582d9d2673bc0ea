import { persistentVolumeClaims, type PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { Cluster } from '../cluster.ts';
import { PluginError } from '../plugin-error.ts';
import type { CallContext, RestoreItemInput, RestoreItemOutput } from './action.ts';
import { editItem, parseItem, removeKeys } from './item.ts';
import { targetNamespace } from './namespace-mapping.ts';

/**
 * Restores a claim that a backup has stored while another restore was to bring its data. It has a selector that no volume will ever
 * meet, and the backup holds no data of it: a restore that passes it through would complete and leave its pods waiting for good.
 * @returns undefined for anything else
 */
export async function restoreWaitingClaim(
  cluster: Cluster,
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

/** The DataMoverRestore that an unbound claim waits for. */
function awaitedBy(item: Buffer): string | undefined {
  // Most items are not parsed.
  if (!item.includes(labels.restoredBy)) return undefined;
  const object = parseItem(item);
  if (object.kind !== persistentVolumeClaims.kind) return undefined;
  const { spec } = object as PersistentVolumeClaim;
  return spec.volumeName === undefined ? spec.selector?.matchLabels?.[labels.restoredBy] : undefined;
}
