import { createHash } from 'node:crypto';

/**
 * Deterministic names: the same inputs give the same name, so that every create can be repeated
 * after a crash and a second one finds the first (`AlreadyExists`) instead of making a twin.
 */

/** First 16 hex digits (64 bits) of the SHA-256 over the parts, unambiguous in where one part ends. */
export function shortHash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}

/** Name of the DataMoverBackup for one PVC in one Velero backup. */
export function backupName(veleroBackupUid: string, pvcUid: string): string {
  return `dmb-${shortHash(veleroBackupUid, pvcUid)}`;
}

/** Name of the DataMoverRestore for one target PVC in one Velero restore. */
export function restoreName(veleroRestoreUid: string, targetNamespace: string, pvcName: string): string {
  return `dmr-${shortHash(veleroRestoreUid, targetNamespace, pvcName)}`;
}

/** Name of the DataMoverDelete for what one DataMoverBackup has put into its repository. */
export function deleteName(record: {
  namespace: string;
  name: string;
  repository: string;
  snapshotID?: string | undefined;
}): string {
  return `dmd-${shortHash(record.namespace, record.name, record.repository, record.snapshotID ?? '')}`;
}

/** Name of the DataMoverPrune that one DataMoverDelete asks for. */
export function pruneName(deleteUid: string): string {
  return `dmp-${shortHash(deleteUid)}`;
}

/** The kinds of requests, as names and labels of their children have them. */
export type RequestKind = 'backup' | 'restore' | 'delete' | 'prune';

/** Name of everything created for one request: one per kind and namespace, hence one name for all. */
export function childName(kind: RequestKind, requestUid: string): string {
  const prefix = { backup: 'dmb', restore: 'dmr', delete: 'dmd', prune: 'dmp' }[kind];
  return `${prefix}-${shortHash(requestUid)}`;
}

/** The child name inside a name that was made from it, such as that of a mover's cache claim. */
export function childNameIn(name: string): string | undefined {
  return /dm[brdp]-[0-9a-f]{16}/.exec(name)?.[0];
}

const MAX_LABEL_VALUE = 63;

/**
 * A text as label value. Short ones stay as they are; longer ones are cut and end in six hex digits of their
 * SHA-256, which is what Velero's own `label.GetValidName` does, so that both find the same objects.
 */
export function labelValue(text: string): string {
  if (text.length <= MAX_LABEL_VALUE) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
  return text.slice(0, MAX_LABEL_VALUE - 6) + hash;
}
