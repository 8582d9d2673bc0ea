import { dataMoverBackups } from '../../../api/datamover/v1alpha1/kinds.ts';
import { readBackup } from '../../../api/datamover/v1alpha1/spellings.ts';
import { isFinal } from '../../../lifecycle/request-status.ts';
import { shortID } from '../../../movers/snapshot-id.ts';
import { enqueueAll } from '../enqueue-all.ts';
import { SNAPSHOT_INDEX } from '../environment.ts';
import { sweepBackups } from '../janitor/owned-backups.ts';
import type { RequestKindDescriptor } from '../request-kind.ts';
import { backupRequest } from './backup.ts';

/** Index of unfinished backups by `namespace/name` of the source claim. */
const SOURCE_INDEX = 'source';

export const backupKind: RequestKindDescriptor<'backup'> = {
  kind: dataMoverBackups,
  isProtected: false,
  cache: {
    transform: readBackup,
    indexers: {
      [SOURCE_INDEX]: ({ metadata, spec: { dataSourceRef }, status }) =>
        dataSourceRef.kind === 'PersistentVolumeClaim' && !isFinal(status?.phase)
          ? [`${metadata.namespace ?? ''}/${dataSourceRef.name}`]
          : [],
      [SNAPSHOT_INDEX]: ({ status }) =>
        status?.result?.snapshotID === undefined ? [] : [shortID(status.result.snapshotID)],
    },
  },
  perClass: ({ backups }) => backups,
  perNode: ({ backupsPerNode }) => backupsPerNode,
  create: backupRequest,
  sweep: sweepBackups,
  watch({ claims, backups }, controller) {
    // If the source was deleted, a backup may have nothing left to wait for.
    claims.onChange((before, after) => {
      if (before === undefined || after !== undefined) return;
      const { namespace = '', name } = before.metadata;
      enqueueAll(controller, backups.store.byIndex(SOURCE_INDEX, `${namespace}/${name}`));
    });
  },
};
