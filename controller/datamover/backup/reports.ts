import { reportLifecycle } from '../lifecycle-events.ts';
import { targetOf, type EventTarget } from '../../../lifecycle/observe/event-target.ts';
import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { eventReasons } from '../../../api/datamover/v1alpha1/reasons.ts';
import type { Environment } from '../environment.ts';
import { eventsFor } from '../../../lifecycle/observe/reporter.ts';
import { veleroTarget } from '../velero-target.ts';

/** Emits the Events of this pass on the request, the claim, the snapshot and the Velero Backup. */
export function reportBackup(
  env: Environment,
  backup: DataMoverBackup,
  before: DataMoverBackupStatus,
  after: DataMoverBackupStatus,
): void {
  const self = targetOf(backup);
  const { namespace = '' } = backup.metadata;
  const name = after.volume?.pvcName ?? backup.spec.dataSourceRef.name;
  const claim = env.listers.claims.get(`${namespace}/${name}`);
  const snapshot = snapshotTarget(namespace, after.capture);
  if (before.capture === undefined && after.capture !== undefined) {
    eventsFor(env.reporter).normal(
      [self, snapshot],
      eventReasons.captured,
      `the data of the source is captured as of ${after.capture.time}`,
    );
  }
  reportLifecycle(env.reporter, {
    before,
    after,
    subject: `backup of PersistentVolumeClaim ${namespace}/${name}`,
    self,
    // The claim is in use and its owner waits for nothing, so it gets the Event of the end only.
    started: [snapshot],
    data: [claim && targetOf({ ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' }), snapshot],
    velero: veleroTarget('Backup', backup, env.namespace),
  });
}

/** Returns one line about a finished backup. */
export function resultText({ result }: DataMoverBackupStatus): string {
  const but = result?.notSaved === undefined ? '' : `; not saved: ${result.notSaved}`;
  return `${savedText(result)}${but}`;
}

function savedText(result: DataMoverBackupStatus['result']): string {
  if (result?.empty === true) return 'the volume is empty; nothing to upload';
  const size = result?.bytes === undefined ? '' : `, ${String(result.bytes)} bytes`;
  return `snapshot ${result?.snapshotID ?? ''} in repository ${result?.repository ?? ''}${size}`;
}

/** Returns the captured snapshot, with its uid if that is recorded. */
function snapshotTarget(
  namespace: string,
  capture: DataMoverBackupStatus['capture'],
): EventTarget | undefined {
  const { volumeSnapshot: name, volumeSnapshotUID: uid } = capture ?? {};
  if (name === undefined) return undefined;
  const target = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', namespace, name };
  return uid === undefined ? target : { ...target, uid };
}
