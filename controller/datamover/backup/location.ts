import type { VeleroLocation } from '../../../movers/velero-location.ts';
import { locationOfBackup } from '../velero-location.ts';
import type { BackupScope } from './scope.ts';

/**
 * Returns the storage location of the Velero backup and records it in the status, because the Velero backup may be deleted before
 * the request.
 */
export async function recordLocation({ env, backup, status, signal }: BackupScope): Promise<VeleroLocation> {
  const location = await locationOfBackup({ env, signal }, backup);
  if ('name' in location && location.name !== undefined) status.backupStorageLocation = location.name;
  return location;
}

/** Returns the storage location that the backup was written to; `undefined` for the default location. */
export async function recordedLocation(scope: BackupScope): Promise<string | undefined> {
  const { unverifiedResult, backupStorageLocation } = scope.status;
  const recorded = unverifiedResult?.backupStorageLocation ?? backupStorageLocation;
  if (recorded !== undefined) return recorded;
  // The status of a backup that was started by an older version has no location.
  const location = await locationOfBackup(scope, scope.backup);
  return 'name' in location ? location.name : undefined;
}
