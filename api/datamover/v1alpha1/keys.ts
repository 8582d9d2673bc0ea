import * as common from '../../common/keys.ts';

/** Every label, annotation and finalizer that the data mover writes or reads. */

export const GROUP = common.DOMAIN;
export const VERSION = 'v1alpha1';

/** Annotations. */
export const annotations = {
  ...common.annotations,
  /** On a DataMoverClass: `"true"` makes it the default class. */
  defaultClass: `${GROUP}/default`,
  /**
   * On a DataMoverClass without `spec.installation`: Velero's namespace of the installation whose controller writes the status
   * of the class and serves requests that name no installation. The first controller that finds no value sets it.
   */
  keptBy: `${GROUP}/kept-by`,
  /** On a PVC: the name of its DataMoverClass; takes precedence over selectors. */
  className: `${GROUP}/data-mover-class`,
  /** On a PVC or on a Velero Backup: `"false"` opts out; the data is not moved. */
  dataMover: `${GROUP}/data-mover`,
  /**
   * On a *stored* PVC, PV, VolumeSnapshot or VolumeSnapshotContent: the DataMoverBackup (`namespace/name`) that has its data.
   * On a DataMoverRestore: the DataMoverBackup whose record it waits for.
   */
  movedBy: `${GROUP}/data-mover-backup`,
  /** On a DataMoverBackup or DataMoverRestore: full name of the Velero Backup or Restore it belongs to. */
  veleroBackup: `${GROUP}/velero-backup`,
  veleroRestore: `${GROUP}/velero-restore`,
  /** On the objects that move data: the BackupStorageLocation that gives access to the repository. */
  storageLocation: `${GROUP}/backup-storage-location`,
  /** On the objects that continue a transfer in the protected namespace: the facts that earlier steps found (JSON). */
  found: `${GROUP}/found`,
  /** On a Velero Restore: `Overwrite` allows it to replace the data of existing claims; see docs/velero-plugin.md. */
  existingClaimPolicy: `${GROUP}/existing-claim-policy`,
} as const;

/** Labels. Values must be valid label values: see `labelValue` in api/kubernetes/names.ts. */
export const labels = {
  ...common.labels,
  /** On a PVC: `"false"` opts out, like the annotation of the same name. */
  dataMover: `${GROUP}/data-mover`,
  /** On a restored PVC (label and selector) and on its PV: name of the DataMoverRestore. */
  restoredBy: `${GROUP}/data-mover-restore`,
  /** On a DataMoverRestore: the `shortHash` of the annotation of the same name, whose value is not a valid label value. */
  movedBy: `${GROUP}/data-mover-backup`,
  /** On objects that use a repository: a short form of its path. */
  repository: `${GROUP}/repository`,
  /** On claims with a mover's cache, which stay between requests: a short form of the repository path. */
  cache: `${GROUP}/cache`,
  /** Velero's labels, set on our requests so that Velero's tools find them. */
  veleroBackupName: 'velero.io/backup-name',
  veleroBackupUid: 'velero.io/backup-uid',
  veleroRestoreName: 'velero.io/restore-name',
  veleroRestoreUid: 'velero.io/restore-uid',
} as const;

/** Labels of the ConfigMap with the plugin's configuration in Velero's namespace; a convention of Velero. */
export const pluginConfig = {
  label: 'velero.io/plugin-config',
  name: `${GROUP}/data-mover`,
} as const;

/** On requests until their objects in other namespaces are cleaned up. */
export const FINALIZER = `${GROUP}/data-mover`;
