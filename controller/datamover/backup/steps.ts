import {
  dataMoverBackupSpec,
  type DataMoverBackup,
  type DataMoverBackupStatus,
} from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { BackupFacts, Mover, MoverRequest } from '../../../movers/mover.ts';
import { captureSource } from './capture/capture.ts';
import { stageAlias } from '../../../volumes/exposure/alias.ts';
import { withProvisionerEvent } from '../../../volumes/exposure/provisioner.ts';
import { ownerOfWork, stageSnapshot } from '../../../volumes/exposure/staging.ts';
import { provisionableClass } from '../../../volumes/exposure/storage-class.ts';
import { repositoryPath } from '../../../movers/repository-path.ts';
import { checkFields, checkMarks } from '../check-fields.ts';
import { recordProgress } from '../../../movers/progress.ts';
import {
  admit,
  boundStaging,
  checkAccess,
  followMover,
  excludeStaging,
  stopUnwanted,
  unwantedBy,
} from '../transfer-steps.ts';
import { quoted } from '../../../lifecycle/request/plain-text.ts';
import { formOf, isSnapshotID } from '../../../movers/snapshot-id.ts';
import { checkpoint, done, failed, type Step, type StepResult } from '../../../lifecycle/request/step.ts';
import { dueVerification, verifyMoved } from '../verification.ts';
import { assertSourceExists, followApplication, mayHaveLostSource } from './capture/live-source.ts';
import { recordLocation } from './location.ts';
import type { BackupScope } from './scope.ts';

/** The steps of a backup, in order. A step is skipped if its facts are recorded. */
export const backupSteps: readonly Step<BackupScope>[] = [
  { name: 'cancel', run: stopWhenCanceled },
  { name: 'form', run: checkForm },
  { name: 'access', run: reachRepository },
  { name: 'capture', run: captureSource },
  { name: 'admit', run: queue },
  { name: 'stage', run: stage },
  { name: 'move', run: move },
  { name: 'verify', run: verify },
];

/** Returns why the backup is no longer needed. A backup with a result always completes. */
export function unwantedBackup(
  backup: DataMoverBackup,
  { result }: DataMoverBackupStatus,
): string | undefined {
  return result === undefined ? unwantedBy(backup) : undefined;
}

function stopWhenCanceled({ status, backup }: BackupScope): StepResult {
  return stopUnwanted(unwantedBackup(backup, status));
}

/** Once the source is captured, the spec is not validated again, even if the schema has become stricter. */
function checkForm({ backup, status }: BackupScope): StepResult {
  if (status.capture !== undefined) return done;
  const marks = checkMarks(backup);
  return marks.state === 'done' ? checkFields('spec', dataMoverBackupSpec, backup.spec) : marks;
}

function reachRepository(scope: BackupScope): Promise<StepResult> | StepResult {
  if (scope.status.capture !== undefined) return done;
  return checkAccess(scope, 'backup', () => recordLocation(scope));
}

function queue(scope: BackupScope): StepResult {
  const { status, env, resolved, namespace, backup } = scope;
  status.repositoryPath ??= repositoryPath({
    prefix: resolved.repositoryPrefix,
    cluster: env.clusterName,
    namespace,
    pvc: status.volume?.pvcName ?? '',
  });
  return admit(scope, 'backup', backup.metadata.uid ?? '');
}

async function stage(scope: BackupScope): Promise<StepResult> {
  if (scope.status.movingSince !== undefined) return done;
  const isLive = scope.status.capture?.consistency === 'Live';
  const staged = boundStaging(scope, await (isLive ? stageLive(scope) : stageCaptured(scope)));
  return withProvisionerEvent({ ...scope, access: scope.env }, scope.child.name, staged);
}

async function stageCaptured({ status, env, child, resolved, signal }: BackupScope): Promise<StepResult> {
  const { capture, volume } = status;
  if (capture === undefined || volume === undefined) throw new Error('staging before capture');
  const { volumeMode, capacity } = volume;
  const { stagingStorageClassName, stagingAccessModes } = resolved.options;
  const wanted = {
    storageClassName: stagingStorageClassName ?? volume.storageClassName,
    accessModes: stagingAccessModes ?? volume.accessModes,
    volumeMode,
    capacity,
  };
  return stageSnapshot(env, child, { capture, volume: wanted }, signal);
}

async function stageLive(scope: BackupScope): Promise<StepResult> {
  const { status, env, child, signal } = scope;
  const { persistentVolume = '', claimUID = '' } = status.capture ?? {};
  for (const check of [assertSourceExists, followApplication]) {
    const result = await check(scope);
    if (result.state !== 'done') return result;
  }
  return stageAlias(env, child, { persistentVolume, claimUID }, signal);
}

async function move(scope: BackupScope): Promise<StepResult> {
  const { status, resolved, now } = scope;
  if (status.result !== undefined || status.unverifiedResult !== undefined) return done;
  status.movingSince ??= now.toISOString();
  await excludeStaging(scope);
  const outcome = await resolved.mover.backup(moverRequest(scope, status.movingSince));
  const isLive = status.capture?.consistency === 'Live';
  if (isLive && (outcome.state === 'Done' || mayHaveLostSource(scope))) {
    const stands = await assertSourceExists(scope);
    if (stands.state !== 'done') return stands;
  }
  return followMover(scope, outcome, (facts) => recordResult(scope, facts));
}

/** Requires proof of success, because some movers report success even if the repository is missing. */
function recordResult(scope: BackupScope, facts: BackupFacts): StepResult {
  const { status, resolved, now } = scope;
  const unproved = checkFacts(resolved.mover, facts);
  if (unproved !== undefined) return unproved;
  const consistency = status.capture?.consistency ?? 'PointInTime';
  const result = {
    mover: resolved.mover.name,
    repository: status.repositoryPath ?? '',
    ...facts,
    consistency,
  };
  keepResult(scope, result);
  const bytes = facts.bytes ?? status.progress?.bytesDone ?? 0;
  recordProgress(status, { bytesDone: bytes, totalBytes: bytes }, now);
  return checkpoint;
}

/** An id that a restore would reject is no proof either. */
function checkFacts(mover: Mover, { empty, snapshotID }: BackupFacts): StepResult | undefined {
  const reports = `mover ${mover.name} reports success but`;
  if (snapshotID === undefined)
    return empty === true ? undefined : failed('MoverFailed', `${reports} names no snapshot`);
  if (isSnapshotID(mover, snapshotID)) return undefined;
  return failed('MoverFailed', `${reports} names snapshot ${quoted(snapshotID)}; ${formOf(mover)}`);
}

/** Stores a result that is not verified yet in `unverifiedResult`, where no restore reads it. */
function keepResult(scope: BackupScope, result: NonNullable<BackupScope['status']['result']>): void {
  const { status } = scope;
  const verification = result.empty === true ? undefined : dueVerification(scope);
  if (verification === undefined) status.result = result;
  else Object.assign(status, { unverifiedResult: result, verification });
}

async function verify(scope: BackupScope): Promise<StepResult> {
  const { status } = scope;
  const { unverifiedResult, movingSince = '', capture } = status;
  if (unverifiedResult === undefined) return done;
  const request = {
    ...moverRequest(scope, movingSince),
    snapshotID: unverifiedResult.snapshotID ?? '',
    reported: unverifiedResult,
    isLive: capture?.consistency === 'Live',
  };
  return verifyMoved(scope, request, ({ repositoryID }) => {
    status.result = { ...(repositoryID !== undefined && { repositoryID }), ...unverifiedResult };
    delete status.unverifiedResult;
  });
}

function moverRequest(scope: BackupScope, since: string): MoverRequest<unknown> {
  const { env, child, resolved, status, signal } = scope;
  const isLive = status.capture?.consistency === 'Live';
  return {
    ...child,
    config: resolved.config,
    stagingClaim: child.name,
    storageClassName: provisionableClass(env, status.volume?.storageClassName),
    ...(isLive && status.node !== undefined && { node: status.node }),
    repositoryPath: status.repositoryPath ?? '',
    veleroLocation: () => recordLocation(scope),
    owner: ownerOfWork(env, child),
    since,
    signal,
    assertCurrent: scope.assertCurrent,
  };
}
