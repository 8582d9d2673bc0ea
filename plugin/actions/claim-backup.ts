import type { PersistentVolumeClaim } from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import { formatKey } from '../../api/meta.ts';
import { annotations, GROUP } from '../../api/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Logger } from '../../telemetry/log.ts';
import { parseGoDuration } from '../codec/go-duration.ts';
import { toOperationID } from '../codec/operation-id.ts';
import { PluginError } from '../plugin-error.ts';
import type { BackupItemOutput, CallContext } from './action.ts';
import type { BackupActionOptions, ItemHandler } from './backup-action.ts';
import { createOnce } from './create-once.ts';
import type { Decide } from './decider.ts';
import { desiredBackup } from './desired-backup.ts';
import { editItem, removeKeys } from './item.ts';
import { createSiblingStarter } from './siblings.ts';
import { DATA_UPLOAD_NAME, DEFAULT_CSI_SNAPSHOT_TIMEOUT_MS, VOLUME_SNAPSHOT_NAME } from './velero-facts.ts';
import { requestFields } from './request-fields.ts';
import { waitForCapture, type CaptureOutcome } from './wait-for-capture.ts';

type RequestKey = Required<{ namespace: string; name: string }>;

/** A claim whose data is to be moved: asks for it and returns when its source is fixed. */
export function createClaimBackup(
  options: BackupActionOptions,
  decide: Decide,
): ItemHandler<PersistentVolumeClaim> {
  const { cluster, csiEnabled } = options;
  const startSiblings = createSiblingStarter(cluster, decide);

  return async (pvc, { item, backup }, context) => {
    const claimLog = context.log.child(fieldsOf(pvc));
    const decision = await decide(backup, pvc, context);
    if (decision.outcome === 'fail') throw new PluginError(decision.message);
    if (decision.outcome === 'leave') {
      claimLog[decision.level](decision.message);
      return {};
    }
    const kube = await cluster.kube();
    const wanted = desiredBackup(backup, pvc, decision);
    const { namespace, name } = wanted.metadata;
    const key = { namespace, name };
    const create = { clock: cluster.clock, signal: context.signal };
    const request = await createOnce(kube, dataMoverBackups, wanted, create);
    const log = claimLog.child(requestFields(request));
    log.info(
      {
        dataMoverBackup: formatKey(key),
        dataMoverClass: decision.className,
        chosenBy: decision.by,
        ...(decision.policy === undefined ? {} : { volumePolicy: decision.policy }),
      },
      'the data goes to the data mover',
    );

    // Snapshots that Velero takes itself appear one by one, in the turn of their claims: nothing to start ahead.
    const siblings = csiEnabled ? undefined : startSiblings(backup, pvc, context);
    const timeoutMs = captureTimeoutMs(backup);
    const wait = { clock: cluster.clock, timeoutMs, signal: context.signal };
    const outcome = await waitForCapture(kube, request, wait);
    await siblings;
    await report(outcome, { kube, key, timeoutMs, context: { ...context, log } });
    return moved(item, key);
  };
}

/** The claim as it is stored: it says where its data is, and no longer that a snapshot of this cluster holds it. */
function moved(item: Buffer, key: RequestKey): BackupItemOutput {
  const id = toOperationID(key);
  return {
    item: editItem(item, ({ annotations: stored, labels }) => {
      stored[annotations.movedBy] = id;
      removeKeys(stored, VOLUME_SNAPSHOT_NAME, DATA_UPLOAD_NAME);
      removeKeys(labels, VOLUME_SNAPSHOT_NAME);
    }),
    operationID: id,
    postOperationItems: [{ group: GROUP, resource: dataMoverBackups.plural, ...key }],
  };
}

interface ReportTo {
  kube: KubeClient;
  key: RequestKey;
  timeoutMs: number;
  context: CallContext;
}

/** Whatever the outcome, the operation stands: its progress tells Velero that it failed, and why. */
async function report(outcome: CaptureOutcome, to: ReportTo): Promise<void> {
  const { log } = to.context;
  const request = `DataMoverBackup ${formatKey(to.key)}`;
  switch (outcome.outcome) {
    case 'captured':
      reportCapture(outcome.capture, log);
      return;
    case 'failed':
      log.warn(`the source could not be captured: ${request} ended with ${outcome.message}`);
      return;
    case 'timedOut': {
      const seconds = String(Math.round(to.timeoutMs / 1000));
      log.warn(
        `the source was not captured within ${seconds} s (spec.csiSnapshotTimeout of the Backup); ${request} is canceled`,
      );
      await to.kube.mergePatch(dataMoverBackups, to.key, { spec: { cancel: true } });
    }
  }
}

function reportCapture(capture: (CaptureOutcome & { outcome: 'captured' })['capture'], log: Logger): void {
  const { consistency, time } = capture;
  if (consistency === 'PointInTime') log.info({ consistency, captured: time }, 'the source is captured');
  else
    log.warn(
      { consistency, captured: time },
      'the volume cannot be snapshotted and is read while it is in use: what the application writes from now on may or may not be in the backup',
    );
}

function captureTimeoutMs(backup: Backup): number {
  const parsed = parseGoDuration(backup.spec.csiSnapshotTimeout ?? '');
  return parsed !== undefined && parsed > 0 ? parsed : DEFAULT_CSI_SNAPSHOT_TIMEOUT_MS;
}

function fieldsOf(pvc: PersistentVolumeClaim): Record<string, string> {
  const { namespace = '', name } = pvc.metadata;
  return { resource: 'persistentvolumeclaims', namespace, name };
}
