import type { BackupPhase } from './data-mover-backup.ts';
import type { DeletePhase } from './data-mover-delete.ts';
import type { PrunePhase } from './data-mover-prune.ts';
import type { RestorePhase } from './data-mover-restore.ts';
import type { ConditionType, EventReason } from './reasons.ts';

/** The meanings of phases and conditions for the reference pages. A missing one is a type error. */

const terminal = {
  Completed: 'Succeeded. `result` or `restored` describes what was moved.',
  Failed: 'Failed permanently. `failure` contains the reason and the remedy.',
  Canceled: 'Canceled by `spec.cancel`, or because the request was deleted.',
};

export const backupPhaseMeanings: Record<BackupPhase, string> = {
  Pending: 'Accepted. The class and the source are being resolved.',
  Capturing: 'The snapshot is being taken. The application must not write before it succeeds.',
  Queued: 'The snapshot exists. The backup waits for a slot; `queue` contains its position.',
  Staging: 'A volume is being created from the snapshot in the protected namespace.',
  Moving: 'The mover reads the volume and writes to the repository; see `progress`.',
  Verifying: 'The contents of the repository are compared with the volume.',
  CleaningUp: 'The outcome is known. Objects that were created for this backup are being deleted.',
  ...terminal,
};

export const restorePhaseMeanings: Record<RestorePhase, string> = {
  Pending: 'Accepted. The record, the class and the destination are being resolved.',
  Queued: 'The restore waits for a slot; `queue` contains its position.',
  Staging: 'An empty volume is being created in the protected namespace.',
  Moving: 'The mover reads the repository and writes to the volume; see `progress`.',
  Verifying: 'The volume is compared with the contents of the repository.',
  HandingOver: 'The volume is being bound to the destination PVC, without a second copy.',
  CleaningUp: 'The outcome is known. Objects that were created for this restore are being deleted.',
  ...terminal,
};

export const deletePhaseMeanings: Record<DeletePhase, string> = {
  Pending: 'Accepted.',
  Queued: 'The request waits until no other request uses the same repository.',
  Deleting: 'The mover removes the snapshot from the repository.',
  Retrying:
    'The last try failed. `lastFailure` contains the reason and the remedy, `retryAt` the time of the next try.',
  CleaningUp: 'The outcome is known. Objects that were created for this request are being deleted.',
  Completed: 'The snapshot was removed from the repository.',
  Failed: 'Failed permanently because the request is invalid.',
  Canceled: 'The request was deleted before the snapshot was removed, and its last try had failed.',
};

export const prunePhaseMeanings: Record<PrunePhase, string> = {
  Waiting: 'Not due yet; `message` contains the time. Data that is removed until then is pruned too.',
  Pending: 'Due. The class is being resolved.',
  Queued: 'The request waits until no other request uses the same repository.',
  Pruning: 'The mover finds and removes unreferenced data.',
  Removing: 'No snapshot was found. The repository is being removed.',
  Retrying: deletePhaseMeanings.Retrying,
  CleaningUp: deletePhaseMeanings.CleaningUp,
  Completed: 'Unreferenced data was removed, within the limits of the mover.',
  Failed: 'Failed permanently because the request is invalid.',
  Canceled: 'The request was deleted before it completed.',
};

export const conditionMeanings: Record<ConditionType, string> = {
  Captured: 'The state of the source is captured: the snapshot was taken, or the source is read live.',
  Admitted: 'The request got a slot.',
  Staged: 'The staging volume is available in the protected namespace.',
  Moved: 'The mover finished and its result is recorded.',
  Verified: 'Verification succeeded. Present only if the class enables verification.',
  HandedOver: 'The volume is bound to the destination PVC.',
  Removed: 'The snapshot was removed from the repository.',
  Pruned: 'Unreferenced data was removed from the repository.',
  RepositoryRemoved:
    'The repository was removed. Present only if the class sets `repositories.removeEmpty` and no snapshot was found.',
  CleanedUp: 'All objects that were created for this request are deleted.',
  Accepted:
    'A controller has the mover, and the selector and settings are valid. If False, the message names the field.',
  EngineServing: 'The software that the mover needs is installed and ready. Absent if the mover needs none.',
  CredentialsPresent:
    'The secret and the storage location of the class exist and have the keys of the provider. Unknown if the storage location of each Velero backup is used.',
  RepositoryReachable:
    'The object store of the repositories responds to the controller. Permissions are not checked. Absent if the mover cannot check it.',
  Ready: 'True if the request is Completed; for a class, if all of its other conditions are True.',
};

/** For each Event: its type, the objects that it is on, and its meaning. */
export const eventMeanings: Record<EventReason, { type: 'Normal' | 'Warning'; on: string; meaning: string }> =
  {
    DataCaptured: {
      type: 'Normal',
      on: 'the backup, its VolumeSnapshot',
      meaning: 'The state of the source is captured; the application may write again.',
    },
    DataMoverQueued: {
      type: 'Normal',
      on: 'the request',
      meaning: 'The request waits for a slot; the message contains the reason.',
    },
    DataMoverStarted: {
      type: 'Normal',
      on: 'the request, of a backup the VolumeSnapshot, of a restore the claim',
      meaning: 'The mover was started.',
    },
    DataMoverCompleted: {
      type: 'Normal',
      on: 'the request, the claim, of a backup the VolumeSnapshot, the Velero Backup or Restore',
      meaning: 'The request succeeded.',
    },
    DataMoverFailed: {
      type: 'Warning',
      on: 'the request, the claim, of a backup the VolumeSnapshot, the Velero Backup or Restore',
      meaning: 'The request failed; the message contains the reason and the remedy.',
    },
    DataMoverCanceled: {
      type: 'Warning',
      on: 'the request, the claim, of a backup the VolumeSnapshot, the Velero Backup or Restore',
      meaning: 'The request was canceled.',
    },
    DataMoverWarning: {
      type: 'Warning',
      on: 'the request',
      meaning:
        'A try failed and will be repeated, or an object could not be deleted; the message contains the details.',
    },
    DataMoverClassReady: {
      type: 'Normal',
      on: 'the class',
      meaning: 'The class can be used again.',
    },
    DataMoverClassNotReady: {
      type: 'Warning',
      on: 'the class',
      meaning: 'The class cannot be used or has settings without effect; the message names the field.',
    },
  };
