import {
  dataMoverRestoreSpec,
  type DataMoverRestore,
  type DataMoverRestoreStatus,
} from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { RestoreFacts, RestoreMoverRequest, RootFolder } from '../../../movers/mover.ts';
import { onlyNode } from '../../../volumes/exposure/nodes.ts';
import { chooseNode } from '../../../volumes/exposure/first-consumer.ts';
import { withProvisionerEvent } from '../../../volumes/exposure/provisioner.ts';
import { ownerOfWork, stageEmpty } from '../../../volumes/exposure/staging.ts';
import { locationOfRestore } from '../velero-location.ts';
import {
  admit,
  boundStaging,
  checkAccess,
  followMover,
  excludeStaging,
  stopUnwanted,
  unwantedBy,
} from '../transfer-steps.ts';
import { checkFields, checkMarks } from '../check-fields.ts';
import { recordProgress } from '../../../movers/progress.ts';
import { isUnderstood, type ResolvedClass } from '../resolution/resolve-class.ts';
import { checkSnapshotID } from '../../../movers/snapshot-id.ts';
import { checkpoint, done, failed, type Step, type StepResult } from '../../../lifecycle/request/step.ts';
import { dueVerification, isBeingVerified, verifyMoved } from '../verification.ts';
import { awaitDestination, stagingVolumeFor } from './destination.ts';
import { handOverVolume, releaseMover } from './hand-over-volume.ts';
import { detachVolume } from './overwrite/detach-volume.ts';
import { mayRestore } from './permission.ts';
import { isOutside, recordSource } from './record.ts';
import type { RestoreScope, RestoreSource } from './scope.ts';
import { checkVolumeSize } from './volume-size.ts';

/** The steps of a restore, in order. A step is skipped if its facts are recorded. */
export const restoreSteps: readonly Step<RestoreScope>[] = [
  { name: 'cancel', run: stopWhenCanceled },
  { name: 'namespace', run: stayInNamespace },
  { name: 'source', run: recordSource },
  { name: 'record', run: checkRecord },
  { name: 'form', run: checkForm },
  { name: 'permission', run: mayRestore },
  { name: 'destination', run: awaitDestination },
  { name: 'size', run: checkVolumeSize },
  { name: 'access', run: reachRepository },
  { name: 'make way', run: detachVolume },
  { name: 'admit', run: queue },
  { name: 'stage', run: stage },
  { name: 'move', run: move },
  { name: 'verify', run: verify },
  { name: 'release', run: releaseMover },
  { name: 'hand over', run: handOverVolume },
];

/**
 * Returns why the restore is no longer needed. Once the hand-over has started, canceling would only discard a finished restore.
 */
export function unwantedRestore(
  restore: DataMoverRestore,
  { handOver }: DataMoverRestoreStatus,
): string | undefined {
  return handOver === undefined ? unwantedBy(restore) : undefined;
}

function stopWhenCanceled({ status, restore }: RestoreScope): StepResult {
  return stopUnwanted(unwantedRestore(restore, status));
}

/** Once the restore is admitted, the spec is not validated again, even if the schema has become stricter. */
function checkForm({ restore, status }: RestoreScope): StepResult {
  if (status.admittedAt !== undefined) return done;
  const marks = checkMarks(restore);
  return marks.state === 'done' ? checkFields('spec', dataMoverRestoreSpec, restore.spec) : marks;
}

function stayInNamespace({ restore, namespace }: RestoreScope): StepResult {
  if (!isOutside(restore)) return done;
  const { namespace: wanted = '' } = restore.spec.destinationClaimRef;
  return failed(
    'Forbidden',
    `spec.destinationClaimRef.namespace is ${wanted}; a DataMoverRestore may only fill PVCs of its own namespace ${namespace}`,
  );
}

function checkRecord({ source, resolved }: RestoreScope): StepResult {
  const name = source.backupName ?? '(unnamed)';
  if (source.result === undefined) {
    const why =
      source.failure === undefined
        ? 'it has no result'
        : `${source.failure.reason}: ${source.failure.message}`;
    return failed(
      'BackupNotCompleted',
      `DataMoverBackup ${name} did not complete, so there is nothing to restore: ${why}`,
    );
  }
  return checkResult(name, source.result, resolved);
}

function checkResult(
  backup: string,
  { empty, snapshotID, mover, snapshotTime }: NonNullable<RestoreSource['result']>,
  resolved: ResolvedClass,
): StepResult {
  if (empty !== true && snapshotID === undefined)
    return failed('RecordMissing', `the record of DataMoverBackup ${backup} names no snapshot`);
  // The API server also accepts times that JavaScript cannot parse, such as those with an offset of 24 hours.
  if (Number.isNaN(Date.parse(snapshotTime ?? '1970-01-01')))
    return failed(
      'InvalidRequest',
      `spec.source.result.snapshotTime ${snapshotTime ?? ''} is not a time that a restore can select`,
    );
  if (!isUnderstood(resolved.mover, mover)) {
    return failed(
      'InvalidRequest',
      `DataMoverBackup ${backup} was created by mover ${mover}; DataMoverClass ${resolved.class.metadata.name} is served by ${resolved.mover.name}; name a class of mover ${mover} in spec.dataMoverClass`,
    );
  }
  return snapshotID === undefined
    ? done
    : checkSnapshotID(resolved.mover, 'spec.source.result.snapshotID', snapshotID);
}

function reachRepository(scope: RestoreScope): Promise<StepResult> | StepResult {
  const { queue: waitsSince, admittedAt } = scope.status;
  const isBehind = waitsSince !== undefined || admittedAt !== undefined;
  if (isBehind || scope.source.result?.empty === true) return done;
  return checkAccess(scope, 'restore', () => locationOfRestore(scope, scope.restore));
}

function queue(scope: RestoreScope): StepResult {
  const { env, status } = scope;
  // The node of the new volume is unknown before it is created, unless there is only one node.
  const node = status.node ?? onlyNode(env.listers.nodes.list(), undefined);
  if (node !== undefined) status.node = node;
  return admit(scope, 'restore', scope.restore.metadata.uid ?? '');
}

async function stage(scope: RestoreScope): Promise<StepResult> {
  const { status, env, child, signal, source } = scope;
  if (status.movingSince !== undefined) return done;
  const staged = await stageEmpty(env, child, stagingVolumeFor(scope), signal);
  // No mover pod consumes the volume of an empty backup, so this step selects its node.
  const needsNode = staged.state === 'done' && source.result?.empty === true;
  const ready = needsNode ? await chooseNode(env, child.name, signal) : staged;
  return withProvisionerEvent({ ...scope, access: env }, child.name, boundStaging(scope, ready));
}

async function move(scope: RestoreScope): Promise<StepResult> {
  const { status, resolved, source, now } = scope;
  if (status.restored !== undefined) return done;
  status.movingSince ??= now.toISOString();
  await excludeStaging(scope);
  const snapshotID = source.result?.snapshotID;
  if (source.result?.empty === true || snapshotID === undefined) {
    status.restored = emptyVolume(source.result?.rootFolder);
    return checkpoint;
  }
  const outcome = await resolved.mover.restore(moverRequest(scope, snapshotID, status.movingSince));
  return followMover(scope, outcome, (facts) => recordRestored(scope, facts, snapshotID));
}

/** No mover runs for an empty backup, so its root folder stays as the storage driver created it. */
function emptyVolume(root: RootFolder | undefined): NonNullable<RestoreScope['status']['restored']> {
  if (root === undefined) return { empty: true };
  const was = `mode ${root.mode}, owner ${String(root.uid)}:${String(root.gid)}`;
  return { empty: true, notPreserved: `the root folder of the empty volume (${was})` };
}

/** Fails if the mover restored another snapshot than the recorded one, even if it reports success. */
function recordRestored(scope: RestoreScope, facts: RestoreFacts, wanted: string): StepResult {
  const { status, source, now } = scope;
  if (!sameSnapshot(facts.snapshotID, wanted)) {
    return failed(
      'SnapshotMismatch',
      `the mover restored snapshot ${facts.snapshotID} of repository ${status.repositoryPath ?? ''} instead of ${wanted}`,
    );
  }
  status.restored = { ...facts };
  const verification = dueVerification(scope);
  if (verification !== undefined) status.verification = verification;
  const bytes = facts.bytes ?? source.result?.bytes ?? 0;
  recordProgress(status, { bytesDone: bytes, totalBytes: bytes }, now);
  return checkpoint;
}

async function verify(scope: RestoreScope): Promise<StepResult> {
  const { status } = scope;
  const { restored, movingSince = '' } = status;
  if (restored === undefined || !isBeingVerified(status)) return done;
  const snapshotID = restored.snapshotID ?? '';
  const request = { ...moverRequest(scope, snapshotID, movingSince), reported: restored, isLive: false };
  return verifyMoved(scope, request);
}

/** Movers print ids in full or shortened to at least eight characters. */
function sameSnapshot(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  return length >= 8 && a.slice(0, length) === b.slice(0, length);
}

function moverRequest(scope: RestoreScope, snapshotID: string, since: string): RestoreMoverRequest<unknown> {
  const { child, resolved, status, signal, source, env } = scope;
  return {
    ...child,
    config: resolved.config,
    stagingClaim: child.name,
    storageClassName: env.listers.claims.get(`${env.namespace}/${child.name}`)?.spec.storageClassName,
    repositoryPath: status.repositoryPath ?? '',
    veleroLocation: () => locationOfRestore(scope, scope.restore),
    owner: ownerOfWork(env, child),
    since,
    signal,
    assertCurrent: scope.assertCurrent,
    snapshotID,
    recordedLocation: source.result?.backupStorageLocation,
    snapshotTime: source.result?.snapshotTime,
    rootFolder: source.result?.rootFolder,
  };
}
