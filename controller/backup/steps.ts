import { formatKey, keyOf } from '../../api/meta.ts';
import type { BackupFacts, MoverRequest } from '../movers/mover.ts';
import { captureSource } from './capture.ts';
import { stageSnapshot } from '../exposure/staging.ts';
import { repositoryPath } from '../repository/path.ts';
import { recordProgress } from '../request/progress.ts';
import { QUEUE_REFRESH_MS } from '../request/admission.ts';
import { moverDeadline } from '../request/mover-deadline.ts';
import { checkpoint, done, failed, waiting, type Step, type StepResult } from '../request/step.ts';
import type { BackupScope } from './scope.ts';

/** The way of a backup, in order. Each step is skipped when its facts are recorded. */
export const backupSteps: readonly Step<BackupScope>[] = [
  { name: 'cancel', run: stopWhenCanceled },
  { name: 'capture', run: captureSource },
  { name: 'admit', run: admit },
  { name: 'stage', run: stage },
  { name: 'move', run: move },
];

function stopWhenCanceled(scope: BackupScope): StepResult {
  if (scope.status.result !== undefined) return done;
  if (scope.backup.metadata.deletionTimestamp !== undefined) {
    return failed('Canceled', `${formatKey(keyOf(scope.backup))} was deleted before it was completed`);
  }
  return scope.backup.spec.cancel === true ? failed('Canceled', 'canceled by spec.cancel') : done;
}

function admit(scope: BackupScope): StepResult {
  const { status, env, serving, namespace } = scope;
  if (status.admittedAt !== undefined) return done;
  status.repositoryPath ??= repositoryPath({
    prefix: serving.repositoryPrefix,
    cluster: env.clusterName,
    namespace,
    pvc: status.volume?.pvcName ?? '',
  });
  const decision = env.admission.decide('backup', {
    uid: scope.backup.metadata.uid ?? '',
    className: serving.class.metadata.name,
    limit: serving.class.spec.limits.backups,
    repository: status.repositoryPath,
  });
  if (!decision.admitted) {
    status.queue = { ahead: decision.ahead, reason: decision.reason };
    return waiting(`queued, ${String(decision.ahead)} ahead: ${decision.reason}`, {
      requeueAfterMs: QUEUE_REFRESH_MS,
    });
  }
  delete status.queue;
  status.admittedAt = scope.now.toISOString();
  // The place is ours only once it is written down.
  return checkpoint;
}

async function stage(scope: BackupScope): Promise<StepResult> {
  const { status, env, child, serving, signal } = scope;
  if (status.movingSince !== undefined) return done;
  const { capture, volume } = status;
  if (capture === undefined || volume === undefined) throw new Error('staging before capture');
  const result = await stageSnapshot(
    env,
    child,
    {
      capture,
      volume: {
        storageClassName: volume.storageClassName,
        accessModes: volume.accessModes,
        volumeMode: volume.volumeMode,
        capacity: volume.capacity,
      },
    },
    signal,
  );
  if (result.state !== 'waiting') return result;
  const seconds = serving.class.spec.deadlines.stagingSeconds;
  return waiting(result.message, {
    deadline: {
      at: Date.parse(status.admittedAt ?? '') + seconds * 1000,
      reason: 'StagingFailed',
      message: `no staging volume after ${String(seconds)} s: ${result.message}`,
    },
  });
}

async function move(scope: BackupScope): Promise<StepResult> {
  const { status, serving } = scope;
  if (status.result !== undefined) return done;
  status.movingSince ??= scope.now.toISOString();
  const outcome = await serving.mover.backup(moverRequest(scope, status.movingSince));
  switch (outcome.state) {
    case 'InProgress':
      recordProgress(status, outcome.progress, scope.now);
      return waiting(outcome.message, {
        deadline: moverDeadline(outcome, status, serving.class.spec.deadlines),
        ...(outcome.requeueAfterMs !== undefined && { requeueAfterMs: outcome.requeueAfterMs }),
      });
    case 'Failed':
      return failed(outcome.reason, outcome.message);
    case 'Done':
      return recordResult(scope, outcome.facts);
  }
}

/** A success without proof is none: VolSync reports one for a missing repository too. */
function recordResult(scope: BackupScope, facts: BackupFacts): StepResult {
  const { status, serving, now } = scope;
  if (facts.empty !== true && facts.snapshotID === undefined) {
    return failed('MoverFailed', `mover ${serving.mover.name} reports success but names no snapshot`);
  }
  status.result = { mover: serving.mover.name, repository: status.repositoryPath ?? '', ...facts };
  const bytes = facts.bytes ?? status.progress?.bytesDone ?? 0;
  recordProgress(status, { bytesDone: bytes, totalBytes: bytes }, now);
  return checkpoint;
}

function moverRequest(scope: BackupScope, since: string): MoverRequest<unknown> {
  const { child, serving, status, signal } = scope;
  return {
    ...child,
    config: serving.config,
    stagingClaim: child.name,
    storageClassName: status.volume?.storageClassName,
    repositoryPath: status.repositoryPath ?? '',
    since,
    signal,
    assertCurrent: scope.assertCurrent,
  };
}
