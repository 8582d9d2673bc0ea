import type { PersistentVolume, PersistentVolumeClaim } from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import type { Resource } from '../../api/meta.ts';
import { dataMoverBackups } from '../../api/v1alpha1/kinds.ts';
import type { Cluster } from '../cluster.ts';
import type { BackupItemAction, BackupItemInput, BackupItemOutput, CallContext } from './action.ts';
import { isFinalizing } from './backup-decision.ts';
import { createClaimBackup } from './claim-backup.ts';
import { createDecider } from './decider.ts';
import { parseItem } from './item.ts';
import { createRequestOperations } from './request-operations.ts';
import { createVolumeBackup } from './volume-backup.ts';

export interface BackupActionOptions {
  cluster: Cluster;
  /** Velero's own CSI support (`--features=EnableCSI`): it then takes the snapshots, one by one. */
  csiEnabled: boolean;
}

/** Handles one kind of item for {@link createBackupAction}; the mover is on. */
export type ItemHandler<T extends Resource> = (
  object: T,
  input: BackupItemInput,
  context: CallContext,
) => Promise<BackupItemOutput>;

/** `oadp.openshift.io/data-mover-backup`: asks for the data of claims to be moved, and marks claims and volumes. */
export function createBackupAction(options: BackupActionOptions): BackupItemAction {
  const { cluster } = options;
  const decide = createDecider(cluster);
  const claim = createClaimBackup(options, decide);
  const volume = createVolumeBackup(cluster, decide);
  const operations = createRequestOperations(cluster, dataMoverBackups, 'uploading');

  return {
    resources: ['persistentvolumeclaims', 'persistentvolumes'],
    async execute(input, context) {
      if (isFinalizing(input.backup)) return {};
      if (!(await isOn(cluster, input.backup, context))) return {};
      const object = parseItem(input.item);
      if (object.kind === 'PersistentVolumeClaim')
        return claim(object as PersistentVolumeClaim, input, context);
      if (object.kind === 'PersistentVolume') return volume(object as PersistentVolume, input, context);
      return {};
    },
    progress: (operationID, backup) => operations.progress(operationID, backup),
    cancel: (operationID, _backup, context) => operations.cancel(operationID, context),
  };
}

async function isOn(cluster: Cluster, backup: Backup, { log }: CallContext): Promise<boolean> {
  const settings = await cluster.settings(backup.metadata.namespace ?? '');
  if (!settings.enabled) log.debug(`the data mover is off: ${settings.origin}`);
  return settings.enabled;
}
