import { shortHash } from '../../kubernetes/names.ts';

/**
 * Deterministic names: the same inputs give the same name, so every create can be repeated after a crash; the second one fails
 * with `AlreadyExists` instead of creating a duplicate.
 */

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

/** The prefixes of the names of children, by the kind of request. */
export const CHILD_PREFIXES: Readonly<Record<RequestKind, string>> = {
  backup: 'dmb',
  restore: 'dmr',
  delete: 'dmd',
  prune: 'dmp',
};

/** Returns how the children of a kind of requests are named. */
export function childrenOf(kind: RequestKind): { kind: RequestKind; prefix: string } {
  return { kind, prefix: CHILD_PREFIXES[kind] };
}

/** Returns the name of all children of a request: there is one per kind and namespace, so one name is enough. */
export function childName(kind: RequestKind, requestUid: string): string {
  return `${CHILD_PREFIXES[kind]}-${shortHash(requestUid)}`;
}

/** Returns the child name that a derived name contains, for example the name of a mover's cache claim. */
export function childNameIn(name: string): string | undefined {
  return new RegExp(`(?:${Object.values(CHILD_PREFIXES).join('|')})-[0-9a-f]{16}`).exec(name)?.[0];
}
