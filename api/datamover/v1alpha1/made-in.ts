import type { DataMoverBackup } from './data-mover-backup.ts';
import { labels } from './keys.ts';
import { backupName } from './names.ts';

/**
 * Returns true if the request was created in the Velero backup in its label, for the claim with this uid. A tenant can change
 * labels, but not the name, which is a hash of both uids.
 */
export function isMadeIn(request: DataMoverBackup, claimUid: string | undefined): boolean {
  const uid = request.metadata.labels?.[labels.veleroBackupUid];
  if (uid === undefined || claimUid === undefined) return false;
  return request.metadata.name === backupName(uid, claimUid);
}
