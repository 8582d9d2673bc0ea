import { persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import {
  COPY_TRIGGER,
  COPY_TRIGGER_WAITING_SINCE,
  LATEST_COPY_STATUS,
  LATEST_COPY_TRIGGER,
  USE_COPY_TRIGGER,
} from '../keys.ts';
import type { Scope } from '../scope.ts';
import { formatTime } from '../state/status.ts';

/** VolSync reports a failure after this time, and keeps waiting. */
const PATIENCE_MS = 600_000;

/**
 * Reports whether the copy may be taken. A source PVC with `use-copy-trigger` blocks it until its `copy-trigger` changes. A copy
 * that has already been taken (`begun`) is not blocked again.
 */
export async function mayCopy(scope: Scope, claim: PersistentVolumeClaim, begun: boolean): Promise<boolean> {
  const annotations = claim.metadata.annotations ?? {};
  if (begun || !(USE_COPY_TRIGGER in annotations)) return true;
  const trigger = annotations[COPY_TRIGGER] ?? '';
  if (trigger !== '' && trigger !== annotations[LATEST_COPY_TRIGGER]) {
    await annotate(scope, claim, { [LATEST_COPY_STATUS]: 'InProgress', [COPY_TRIGGER_WAITING_SINCE]: null });
    report(scope, 'SrcPVCCopyTriggerReceived', `copy trigger of PVC ${claim.metadata.name} received`);
    return true;
  }
  const since = annotations[COPY_TRIGGER_WAITING_SINCE];
  if (since === undefined) {
    await annotate(scope, claim, {
      [LATEST_COPY_STATUS]: 'WaitingForTrigger',
      [COPY_TRIGGER_WAITING_SINCE]: formatTime(scope.now),
    });
    report(
      scope,
      'SrcPVCWaitingForCopyTrigger',
      `waiting for the copy trigger of PVC ${claim.metadata.name}`,
    );
  } else if (scope.now - Date.parse(since) >= PATIENCE_MS * scope.settings.timeScale) {
    scope.status.latestMoverStatus = {
      result: 'Failed',
      logs: `Timed out waiting for copy-trigger to be modified for pvc ${claim.metadata.name}`,
    };
  }
  return false;
}

/** Records on the source PVC that the copy has been taken. */
export async function copyCompleted(scope: Scope, claim: PersistentVolumeClaim): Promise<void> {
  const annotations = claim.metadata.annotations ?? {};
  const trigger = annotations[COPY_TRIGGER];
  if (!(USE_COPY_TRIGGER in annotations) || trigger === undefined) return;
  const done =
    annotations[LATEST_COPY_STATUS] === 'Completed' && annotations[LATEST_COPY_TRIGGER] === trigger;
  if (done) return;
  await annotate(scope, claim, { [LATEST_COPY_STATUS]: 'Completed', [LATEST_COPY_TRIGGER]: trigger });
  report(scope, 'SrcPVCCopyUsingCopyTriggerCompleted', `copy of PVC ${claim.metadata.name} made`);
}

function report(scope: Scope, reason: string, note: string): void {
  scope.recordEvent(scope.owner, { type: 'Normal', reason, action: 'CreateSrcCopyUsingCopyTrigger', note });
}

async function annotate(
  { client, namespace, signal }: Scope,
  claim: PersistentVolumeClaim,
  annotations: Record<string, string | null>,
): Promise<void> {
  const { name } = claim.metadata;
  await client.mergePatch(
    persistentVolumeClaims,
    { namespace, name },
    { metadata: { annotations } },
    { signal },
  );
}
