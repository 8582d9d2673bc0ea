import type { PersistentVolume, PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import type { Backup } from '../../api/velero/v1.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import type { BackupItemAction, CallContext } from '../velero/item-actions.ts';
import { isFinalizing } from './decision.ts';
import { createClaimBackup } from './claim.ts';
import { createDecider } from './decider.ts';
import { editItem, parseItem } from '../velero/item.ts';
import type { BackupActionOptions, ItemHandler } from './item-handler.ts';
import { withoutMark } from '../velero/moved-mark.ts';
import { createRequestOperations } from '../requests/operations.ts';
import { createSnapshotBackup } from './snapshot.ts';
import { ENGINE_RESOURCES, isOwnObject } from './own-objects.ts';
import { MARKED_KINDS, MARKED_RESOURCES, SKIP_FROM_BACKUP } from '../velero/constants.ts';
import { createVolumeBackup } from './volume.ts';

/**
 * `oadp.openshift.io/data-mover-backup`: creates requests for the data of claims, and marks the claims, volumes and snapshots
 * whose data is moved.
 */
export function createBackupAction(options: BackupActionOptions): BackupItemAction {
  const { cluster } = options;
  const handle = createHandlers(options);
  const operations = createRequestOperations(cluster, dataMoverBackups, 'uploading');

  return {
    resources: [...MARKED_RESOURCES, ...ENGINE_RESOURCES],
    async execute(input, context) {
      const object = parseItem(input.item);
      const finalizing = isFinalizing(input.backup);
      // Velero cannot handle volumes in this pass, and passes no claims.
      if (finalizing && !isSnapshot(object)) return {};
      if (!finalizing && (await isOwn(cluster, object, input.backup, context)))
        return { item: skipped(input.item) };
      if (!MARKED_KINDS.includes(object.kind)) return {};
      // Data that was moved stays moved, even if the mover was disabled before the end of the backup.
      const asked = finalizing || (await isOn(cluster, input.backup, context));
      const output = asked ? await handle(object, input, context) : {};
      const clean = output.item === undefined ? withoutMark(input.item) : undefined;
      return clean === undefined ? output : { ...output, item: clean };
    },
    progress: (operationID, backup) => operations.progress(operationID, backup),
    cancel: (operationID, _backup, context) => operations.cancel(operationID, context),
  };
}

function createHandlers(options: BackupActionOptions): ItemHandler<Resource> {
  const decide = createDecider(options.cluster, options);
  const claim = createClaimBackup(options, decide);
  const volume = createVolumeBackup(options.cluster, decide);
  const snapshot = createSnapshotBackup(options.cluster, decide);
  return async (object, input, context) => {
    switch (object.kind) {
      case 'PersistentVolumeClaim':
        return claim(object as PersistentVolumeClaim, input, context);
      case 'PersistentVolume':
        return volume(object as PersistentVolume, input, context);
      case 'VolumeSnapshot':
      case 'VolumeSnapshotContent':
        return snapshot(object as VolumeSnapshot | VolumeSnapshotContent, input, context);
      default:
        return {};
    }
  };
}

async function isOwn(
  cluster: ClusterReader,
  object: Resource,
  backup: Backup,
  { log, signal }: CallContext,
): Promise<boolean> {
  const namespace = backup.metadata.namespace ?? '';
  const own = await isOwnObject(() => cluster.kube(), object, namespace, signal);
  if (own)
    log.debug(
      { kind: object.kind, name: object.metadata.name },
      'skipped: a temporary object of the data mover',
    );
  return own;
}

/** Velero before 1.18 stores the item nevertheless; its data is not moved in any case. */
function skipped(item: Buffer): Buffer {
  return editItem(item, ({ annotations }) => (annotations[SKIP_FROM_BACKUP] = 'true'));
}

function isSnapshot({ kind }: Resource): boolean {
  return kind === 'VolumeSnapshot' || kind === 'VolumeSnapshotContent';
}

async function isOn(cluster: ClusterReader, backup: Backup, { log }: CallContext): Promise<boolean> {
  const settings = await cluster.settings(backup.metadata.namespace ?? '');
  if (!settings.enabled) log.debug(`the data mover is off: ${settings.origin}`);
  return settings.enabled;
}
