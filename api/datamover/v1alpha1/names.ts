import { createHash } from 'node:crypto';

/**
 * Deterministic names: the same inputs give the same name, so every create can be repeated after a crash; the second one fails
 * with `AlreadyExists` instead of creating a duplicate.
 */

/** Returns the first 16 hex digits (64 bits) of the SHA-256 of the parts, with a separator between them. */
export function shortHash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}

/** Returns the name of the DataMoverBackup for one PVC in one Velero backup. */
export function backupName(veleroBackupUid: string, pvcUid: string): string {
  return `dmb-${shortHash(veleroBackupUid, pvcUid)}`;
}

/** Returns the name of the DataMoverRestore for one target PVC in one Velero restore. */
export function restoreName(veleroRestoreUid: string, targetNamespace: string, pvcName: string): string {
  return `dmr-${shortHash(veleroRestoreUid, targetNamespace, pvcName)}`;
}

/** Returns the name of the DataMoverDelete for the data of one DataMoverBackup. */
export function deleteName(record: {
  namespace: string;
  name: string;
  repository: string;
  snapshotID?: string | undefined;
}): string {
  return `dmd-${shortHash(record.namespace, record.name, record.repository, record.snapshotID ?? '')}`;
}

/** Returns the name of the DataMoverPrune that one DataMoverDelete creates. */
export function pruneName(deleteUid: string): string {
  return `dmp-${shortHash(deleteUid)}`;
}

/** The kinds of requests in names and labels of their children. */
export type RequestKind = 'backup' | 'restore' | 'delete' | 'prune';

/** Returns the name of all children of a request: there is one per kind and namespace, so one name is enough. */
export function childName(kind: RequestKind, requestUid: string): string {
  const prefix = { backup: 'dmb', restore: 'dmr', delete: 'dmd', prune: 'dmp' }[kind];
  return `${prefix}-${shortHash(requestUid)}`;
}

/** Returns the child name that a derived name contains, for example the name of a mover's cache claim. */
export function childNameIn(name: string): string | undefined {
  return /dm[brdp]-[0-9a-f]{16}/.exec(name)?.[0];
}

const MAX_LABEL_VALUE = 63;

/**
 * Returns a text as label value. A long one is cut and ends in six hex digits of its SHA-256, like Velero's
 * `label.GetValidName`, so both find the same objects.
 */
export function labelValue(text: string): string {
  if (text.length <= MAX_LABEL_VALUE) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
  return text.slice(0, MAX_LABEL_VALUE - 6) + hash;
}
