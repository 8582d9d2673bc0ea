import { reportLifecycle } from '../lifecycle-events.ts';
import { targetOf } from '../../../lifecycle/observe/event-target.ts';
import type {
  DataMoverRestore,
  DataMoverRestoreStatus,
} from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { Environment } from '../environment.ts';
import { veleroTarget } from '../velero-target.ts';

/** Emits the Events of this pass on the request, the claim and the Velero Restore. */
export function reportRestore(
  env: Environment,
  restore: DataMoverRestore,
  before: DataMoverRestoreStatus,
  after: DataMoverRestoreStatus,
): void {
  const key = `${restore.metadata.namespace ?? ''}/${restore.spec.destinationClaimRef.name}`;
  const claim = env.listers.claims.get(key);
  const target = claim && targetOf({ ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  reportLifecycle(env.reporter, {
    before,
    after,
    subject: `restore of PersistentVolumeClaim ${key}`,
    self: targetOf(restore),
    // The claim is Pending, and its owner looks there for the reason.
    started: [target],
    data: [target],
    velero: veleroTarget('Restore', restore, env.namespace),
  });
}

/** Returns one line about a finished restore. */
export function restoredText({ restored, repositoryPath = '' }: DataMoverRestoreStatus): string {
  const { snapshotID = '', notPreserved, empty } = restored ?? {};
  const but = notPreserved === undefined ? '' : `; all contents are back, but not preserved: ${notPreserved}`;
  if (empty === true) return `the backup was of an empty volume; the restored one is empty${but}`;
  return `snapshot ${snapshotID} of repository ${repositoryPath}${but}`;
}
