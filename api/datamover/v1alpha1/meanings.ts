import type { BackupPhase } from './data-mover-backup.ts';
import type { DeletePhase } from './data-mover-delete.ts';
import type { PrunePhase } from './data-mover-prune.ts';
import type { RestorePhase } from './data-mover-restore.ts';
import type { ConditionType, EventReason } from './reasons.ts';

/** What phases and conditions mean, for the reference pages. The types make a forgotten one an error. */

const terminal = {
  Completed: 'Done and proved: `result` or `restored` says what was moved.',
  Failed: 'Over without success; `failure` says why and what to do. It is not tried again.',
  Canceled: 'Stopped because `spec.cancel` was set.',
};

export const backupPhaseMeanings: Record<BackupPhase, string> = {
  Pending: 'Accepted; its class and its source are being looked up.',
  Capturing: "The snapshot is being cut. It must succeed before the application's writes go on.",
  Queued:
    'The snapshot is safe; the backup waits for a place among the running ones. `queue` says how long the line is.',
  Staging: 'A volume made from the snapshot is being provided in the protected namespace.',
  Moving: 'The mover reads the volume and writes to the repository. `progress` says how far it is.',
  Verifying: 'What the repository holds is compared with what was to be saved.',
  CleaningUp: 'The outcome is known; what was made for this backup is being removed.',
  ...terminal,
};

export const restorePhaseMeanings: Record<RestorePhase, string> = {
  Pending: 'Accepted; its record, its class and its destination are being looked up.',
  Queued: 'It waits for a place among the running restores. `queue` says how long the line is.',
  Staging: 'An empty volume is being provided in the protected namespace.',
  Moving: 'The mover reads the repository and writes to the volume. `progress` says how far it is.',
  Verifying: 'What is on the volume is compared with what the repository holds.',
  HandingOver: 'The volume is complete and goes to the destination claim, without a second copy.',
  CleaningUp: 'The outcome is known; what was made for this restore is being removed.',
  ...terminal,
};

export const deletePhaseMeanings: Record<DeletePhase, string> = {
  Pending: 'Accepted.',
  Queued: 'It waits until no other request uses the same repository.',
  Deleting: 'The mover removes the snapshot from the repository.',
  Retrying: 'The last try failed: `lastFailure` says why and what to do, `retryAt` when it is tried again.',
  CleaningUp: 'The outcome is known; what was made for this request is being removed.',
  Completed: 'The snapshot is gone from the repository.',
  Failed: 'Over without success, because the request is malformed. It is not tried again.',
  Canceled: 'The request was deleted before the snapshot was removed, and its last try had failed.',
};

export const prunePhaseMeanings: Record<PrunePhase, string> = {
  Waiting:
    'Not due yet; `message` says when it is. What is removed from the repository until then is covered too.',
  Pending: 'Due; its class is being looked up.',
  Queued: 'It waits until no other request uses the same repository.',
  Pruning: 'The mover looks for data that no snapshot needs, and removes it.',
  Removing: 'No snapshot was found, so the repository itself is removed.',
  Retrying: deletePhaseMeanings.Retrying,
  CleaningUp: deletePhaseMeanings.CleaningUp,
  Completed: 'Data that no snapshot needs is gone, within the bounds of the mover.',
  Failed: 'Over without success, because the request is malformed. It is not tried again.',
  Canceled: 'The request was deleted before it was through.',
};

export const conditionMeanings: Record<ConditionType, string> = {
  Captured: "The source's state is fixed: the snapshot is cut, or the source is read live.",
  Admitted: 'A place among the running requests was given.',
  Staged: 'The staging volume stands in the protected namespace.',
  Moved: 'The mover has finished and what it says is recorded.',
  Verified: 'What was moved is checked and right. Only where the class wants that.',
  HandedOver: 'The volume belongs to the destination claim.',
  Removed: 'The snapshot is gone from the repository.',
  Pruned: 'Data that no snapshot needs is gone from the repository.',
  RepositoryRemoved:
    'The repository is gone. Told only where the class has `repositories.removeEmpty` and no snapshot was found.',
  CleanedUp: 'Nothing made for this request remains.',
  Accepted: 'A controller has the mover, and can read selector and settings. False names the field.',
  EngineServing: 'What does the work is installed and serves. Absent where the mover needs nothing but pods.',
  CredentialsPresent:
    "The secret that the class names, and what else leads to its repositories, is there and has the keys of its provider. Unknown where each Velero backup's own storage location decides.",
  RepositoryReachable:
    'The store of the repositories answers the controller. Nothing is said about what the credentials allow. Absent where the mover cannot ask.',
  Ready:
    'True when all is well: for a request that it is Completed, for a class that all of the above is True.',
};

/** What an Event tells, of which type it is, and on which objects it stands. */
export const eventMeanings: Record<EventReason, { type: 'Normal' | 'Warning'; on: string; meaning: string }> =
  {
    DataCaptured: {
      type: 'Normal',
      on: 'the backup, its VolumeSnapshot',
      meaning: 'The state of the source is fixed; the application may write again.',
    },
    DataMoverQueued: {
      type: 'Normal',
      on: 'the request',
      meaning: 'It waits for a place; the message says for which.',
    },
    DataMoverStarted: {
      type: 'Normal',
      on: 'the request, of a backup the VolumeSnapshot, of a restore the claim',
      meaning: 'The mover was asked to start.',
    },
    DataMoverCompleted: {
      type: 'Normal',
      on: 'the request, the claim, of a backup the VolumeSnapshot, the Velero Backup or Restore',
      meaning: 'Done and proved.',
    },
    DataMoverFailed: {
      type: 'Warning',
      on: 'the request, the claim, of a backup the VolumeSnapshot, the Velero Backup or Restore',
      meaning: 'Over without success; the message says why and what to do.',
    },
    DataMoverCanceled: {
      type: 'Warning',
      on: 'the request, the claim, of a backup the VolumeSnapshot, the Velero Backup or Restore',
      meaning: 'Stopped because somebody wanted it.',
    },
    DataMoverWarning: {
      type: 'Warning',
      on: 'the request',
      meaning:
        'A try has failed and is repeated, or something of it could not be removed; the message says what and why.',
    },
    DataMoverClassReady: {
      type: 'Normal',
      on: 'the class',
      meaning: 'A class that could not be used can be now.',
    },
    DataMoverClassNotReady: {
      type: 'Warning',
      on: 'the class',
      meaning: 'The class cannot be used, or not as it says; the message names the field.',
    },
  };
