import type { VeleroLocation } from '../../../movers/velero-location.ts';
import { locationOfBackup } from '../velero-location.ts';
import type { BackupScope } from './scope.ts';

/** The storage location of the Velero backup. It is recorded in the status, because the Velero backup may go first. */
export async function noteLocation({ env, backup, status, signal }: BackupScope): Promise<VeleroLocation> {
  const location = await locationOfBackup({ env, signal }, backup);
  if ('name' in location && location.name !== undefined) status.backupStorageLocation = location.name;
  return location;
}

/** The storage location that the backup has written to; `undefined` if it is the default one. */
export async function recordedLocation(scope: BackupScope): Promise<string | undefined> {
  const { saved, backupStorageLocation } = scope.status;
  const recorded = saved?.backupStorageLocation ?? backupStorageLocation;
  if (recorded !== undefined) return recorded;
  // Backups that began with an older version have no record.
  const location = await locationOfBackup(scope, scope.backup);
  return 'name' in location ? location.name : undefined;
}
