/** What Velero puts on and reads off the objects that pass through the actions. */

/** What a restore must not bring back as it was once the data behind it is moved. */
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

/** On a PVC, as annotation and as label: the VolumeSnapshot that Velero's own CSI support took of it. */
export const VOLUME_SNAPSHOT_NAME = 'velero.io/volume-snapshot-name';

/** On a VolumeSnapshot that was taken together with others: Velero restores a VolumeGroupSnapshotContent for it. */
export const GROUP_SNAPSHOT_HANDLE = 'velero.io/csi-volumegroupsnapshot-handle';

/** On a PVC: the DataUpload with which Velero's own data mover moves it. */
export const DATA_UPLOAD_NAME = 'velero.io/data-upload-name';

/** On an item that an action returns: Velero does not store it. Since 1.18. */
export const SKIP_FROM_BACKUP = 'velero.io/skip-from-backup';

/** On a pod: the volumes that the file-system backup takes; or, where it takes all, those that it does not. */
export const FS_BACKUP_INCLUDED = 'backup.velero.io/backup-volumes';
export const FS_BACKUP_EXCLUDED = 'backup.velero.io/backup-volumes-excludes';

/** On a pod: commands around its backup. */
export const PRE_HOOK_PREFIX = 'pre.hook.backup.velero.io/';
export const POST_HOOK_PREFIX = 'post.hook.backup.velero.io/';

/** Velero's own default for `spec.csiSnapshotTimeout`. */
export const DEFAULT_CSI_SNAPSHOT_TIMEOUT_MS = 600_000;

/** Tie a claim to its old volume; Velero's restore removes most of them, but only while it thinks it restores the volume. */
export const BINDING_ANNOTATIONS = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  VOLUME_SNAPSHOT_NAME,
] as const;
