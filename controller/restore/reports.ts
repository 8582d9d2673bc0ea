import type { DataMoverRestore, DataMoverRestoreStatus } from '../../api/v1alpha1/data-mover-restore.ts';
import { eventReasons } from '../../api/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { speaker, type EventTarget } from '../request/reporter.ts';
import { veleroTarget } from '../request/targets.ts';

/** Tells what this pass changed, on every object where somebody would look for it. */
export function reportRestore(
  env: Environment,
  restore: DataMoverRestore,
  before: DataMoverRestoreStatus,
  after: DataMoverRestoreStatus,
): void {
  const self: EventTarget = { apiVersion: restore.apiVersion, kind: restore.kind, ...restore.metadata };
  const key = `${restore.metadata.namespace ?? ''}/${restore.spec.destinationClaimRef.name}`;
  const claim = env.listers.claims.get(key);
  const destination = claim && { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim.metadata };
  const { normal, warning } = speaker(env.reporter);
  if (before.queue === undefined && after.queue !== undefined) {
    normal([self], eventReasons.queued, after.queue.reason);
  }
  if (before.movingSince === undefined && after.movingSince !== undefined) {
    normal([self, destination], eventReasons.moving, `mover ${after.mover ?? ''} is asked to download`);
  }
  if (before.phase === after.phase) return;
  const everybody = [self, destination, veleroTarget('Restore', restore, env.namespace)];
  const text = `restore of PersistentVolumeClaim ${key}: ${after.message ?? ''}`;
  if (after.phase === 'Completed') normal(everybody, eventReasons.completed, text);
  if (after.phase === 'Canceled') warning(everybody, eventReasons.canceled, text);
  if (after.phase === 'Failed') warning(everybody, eventReasons.failed, text);
}

/** One line about a finished restore. */
export function restoredText({ restored, repositoryPath = '' }: DataMoverRestoreStatus): string {
  if (restored?.empty === true) return 'the backup was of an empty volume; the restored one is empty';
  return `snapshot ${restored?.snapshotID ?? ''} of repository ${repositoryPath}`;
}
