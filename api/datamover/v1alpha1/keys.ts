/** Every label, annotation and finalizer that this project writes or reads, in one place. */

export const GROUP = 'oadp.openshift.io';
export const VERSION = 'v1alpha1';

/** Annotations. */
export const annotations = {
  /** On a DataMoverClass: `"true"` makes it the default class. */
  defaultClass: `${GROUP}/default`,
  /**
   * On a DataMoverClass without `spec.installation`: Velero's namespace of the installation whose controller writes the status
   * of the class and serves requests that name no installation. Written by the first controller that finds none.
   */
  keptBy: `${GROUP}/kept-by`,
  /** On a PVC: the name of its DataMoverClass; wins over every selector. */
  className: `${GROUP}/data-mover-class`,
  /** On a PVC or on a Velero Backup: `"false"` opts out, its data is not moved. */
  dataMover: `${GROUP}/data-mover`,
  /**
   * On a *stored* PVC, PV, VolumeSnapshot or VolumeSnapshotContent: the DataMoverBackup (`namespace/name`) that holds
   * its data. On a DataMoverRestore: the one whose record it waits for.
   */
  movedBy: `${GROUP}/data-mover-backup`,
  /** On a DataMoverBackup or DataMoverRestore: full name of the Velero Backup or Restore it belongs to. */
  veleroBackup: `${GROUP}/velero-backup`,
  veleroRestore: `${GROUP}/velero-restore`,
  /** On requests and their children: W3C Trace Context, which controller and mover continue. */
  traceparent: `${GROUP}/traceparent`,
  /** On children in the protected namespace: `namespace/name` of the request they serve. */
  request: `${GROUP}/request`,
  /** On children: the controller that made them, as `status.servedBy` of their request names it. */
  servedBy: `${GROUP}/served-by`,
  /** On what moves data: name of the BackupStorageLocation through which it reaches the repository. */
  storageLocation: `${GROUP}/backup-storage-location`,
  /** On what continues a transfer in the protected namespace: what the steps before it have found (JSON). */
  found: `${GROUP}/found`,
  /** On a PV that only shows another one's data in the protected namespace: the name of that other one. */
  aliasOf: `${GROUP}/alias-of`,
  /** On a PV during hand-over: what it must look like at the end (JSON), written before anything is taken apart. */
  handOver: `${GROUP}/hand-over`,
  /**
   * On a PV whose claim a restore gives another volume: which claim had it, by which policy, and for which
   * DataMoverRestore (JSON). While it is there, the data on the volume is nobody's to delete.
   */
  setAside: `${GROUP}/set-aside`,
  /** On a PVC that is Lost because a restore replaces its data: `namespace/name` of the DataMoverRestore. */
  replacedBy: `${GROUP}/replaced-by`,
  /** On a Velero Restore: `Overwrite` lets it replace the data of claims that exist; see docs/velero-plugin.md. */
  existingClaimPolicy: `${GROUP}/existing-claim-policy`,
} as const;

/** Labels. Values are valid label values: see `labelValue` in names.ts. */
export const labels = {
  /** On a PVC: `"false"` opts out, as the annotation of the same name does. */
  dataMover: `${GROUP}/data-mover`,
  /** On children: the uid of the request they serve. */
  requestUid: `${GROUP}/request-uid`,
  /** On children: `backup`, `restore` or `delete`. */
  requestKind: `${GROUP}/request-kind`,
  /** On a restored PVC (label and selector) and on the PV handed to it: name of the DataMoverRestore. */
  restoredBy: `${GROUP}/data-mover-restore`,
  /** On a DataMoverRestore: the `shortHash` of its annotation of that name, which is no label value. */
  movedBy: `${GROUP}/data-mover-backup`,
  /** On repository users: short form of the repository path, to serialise requests. */
  repository: `${GROUP}/repository`,
  /** On claims that keep a mover's cache between requests: short form of the repository path. */
  cache: `${GROUP}/cache`,
  managedBy: 'app.kubernetes.io/managed-by',
  /** Velero's own, on our requests, so that Velero's tools find them. */
  veleroBackupName: 'velero.io/backup-name',
  veleroBackupUid: 'velero.io/backup-uid',
  veleroRestoreName: 'velero.io/restore-name',
  veleroRestoreUid: 'velero.io/restore-uid',
  /** Velero's opt-out label, obeyed. */
  veleroExclude: 'velero.io/exclude-from-backup',
} as const;

export const MANAGED_BY = 'velero-datamover';

/** Velero's convention for plugin configuration: a ConfigMap in its namespace with these labels. */
export const pluginConfig = {
  label: 'velero.io/plugin-config',
  name: `${GROUP}/data-mover`,
} as const;

/** Held on requests while something outside their namespace must be cleaned up first. */
export const FINALIZER = `${GROUP}/data-mover`;
