/** Annotations, labels and defaults of Velero on the objects that the actions handle. */

/** Resources that a restore must not create unchanged if their data is moved. */
export const MARKED_RESOURCES = [
  'persistentvolumeclaims',
  'persistentvolumes',
  'volumesnapshots.snapshot.storage.k8s.io',
  'volumesnapshotcontents.snapshot.storage.k8s.io',
] as const;

/** The kinds of {@link MARKED_RESOURCES}. */
export const MARKED_KINDS: readonly string[] = [
  'PersistentVolumeClaim',
  'PersistentVolume',
  'VolumeSnapshot',
  'VolumeSnapshotContent',
];

/** Annotation and label of a PVC: the VolumeSnapshot that Velero's own CSI support took of it. */
export const VOLUME_SNAPSHOT_NAME = 'velero.io/volume-snapshot-name';

/** Annotation of a VolumeSnapshot that was taken together with others: Velero restores a VolumeGroupSnapshotContent for it. */
export const GROUP_SNAPSHOT_HANDLE = 'velero.io/csi-volumegroupsnapshot-handle';

/** Annotation of a PVC: the DataUpload with which Velero's own data mover moves it. */
export const DATA_UPLOAD_NAME = 'velero.io/data-upload-name';

/** Annotation of an item that an action returns: Velero does not store it. Since 1.18. */
export const SKIP_FROM_BACKUP = 'velero.io/skip-from-backup';

/** Annotations of a pod: the volumes that the file-system backup includes; or, if it includes all, those that it excludes. */
export const FS_BACKUP_INCLUDED = 'backup.velero.io/backup-volumes';
export const FS_BACKUP_EXCLUDED = 'backup.velero.io/backup-volumes-excludes';

/** Annotations of a pod: commands before and after its backup. */
export const PRE_HOOK_PREFIX = 'pre.hook.backup.velero.io/';
export const POST_HOOK_PREFIX = 'post.hook.backup.velero.io/';

/** Velero's own default for `spec.csiSnapshotTimeout`. */
export const DEFAULT_CSI_SNAPSHOT_TIMEOUT_MS = 600_000;

/**
 * Annotations that bind a claim to its old volume. Velero's restore removes most of them, but only if it expects to restore the
 * volume.
 */
export const BINDING_ANNOTATIONS = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  VOLUME_SNAPSHOT_NAME,
] as const;
