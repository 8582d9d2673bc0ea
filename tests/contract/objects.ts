import { actionNames } from '../../plugin/registered-actions.ts';
import type { Call } from './velero-host.ts';

/** What Velero would send, reduced to the relevant fields. */

export const backupAction = { kind: 'BackupItemActionV2', name: actionNames.backup } as const;
export const restoreAction = { kind: 'RestoreItemActionV2', name: actionNames.restore } as const;
export const recordAction = { kind: 'RestoreItemActionV2', name: actionNames.record } as const;
export const deleteAction = { kind: 'DeleteItemAction', name: actionNames.delete } as const;
export const blockAction = { kind: 'ItemBlockAction', name: actionNames.block } as const;

export type ActionCall = Pick<Call, 'kind' | 'name'>;

interface OwnerChanges {
  uid?: string;
  name?: string;
  namespace?: string;
  spec?: object;
  status?: object;
}

export function veleroBackup({
  uid = 'backup-uid',
  name = 'daily',
  namespace = 'velero',
  spec = {},
  status = {},
}: OwnerChanges = {}) {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace, uid },
    spec: { csiSnapshotTimeout: '10m0s', ...spec },
    status: { phase: 'InProgress', startTimestamp: '2026-01-01T00:00:00Z', ...status },
  };
}

export function veleroRestore({
  uid = 'restore-uid',
  name = 'again',
  namespace = 'velero',
  spec = {},
  status = {},
}: OwnerChanges = {}) {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name, namespace, uid },
    spec: { backupName: 'daily', ...spec },
    status: { phase: 'InProgress', startTimestamp: '2026-01-01T00:00:00Z', ...status },
  };
}

/** Returns a bound claim. */
export function claim(namespace: string, name: string, changes: { metadata?: object; spec?: object } = {}) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, uid: `uid-of-${name}`, ...changes.metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeName: `pv-${name}`,
      ...changes.spec,
    },
    status: { phase: 'Bound' },
  };
}
