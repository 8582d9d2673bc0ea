import type { DataMoverBackup } from './data-mover-backup.ts';
import { labels } from './keys.ts';
import { backupName } from './names.ts';

/**
 * True when the request was made in the Velero backup that its label names, for the claim with this uid. Labels are the tenant's to
 * change; the name, which both uids are hashed into, is not.
 */
export function isMadeIn(request: DataMoverBackup, claimUid: string | undefined): boolean {
  const uid = request.metadata.labels?.[labels.veleroBackupUid];
  if (uid === undefined || claimUid === undefined) return false;
  return request.metadata.name === backupName(uid, claimUid);
}
