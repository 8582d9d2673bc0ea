import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, GROUP } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { parseGoDuration } from '../codec/go-duration.ts';
import { toOperationID } from '../codec/operation-id.ts';
import { PluginError } from '../plugin-error.ts';
import type { BackupItemInput, BackupItemOutput, CallContext } from '../velero/item-actions.ts';
import type { BackupActionOptions, ItemHandler } from './item-handler.ts';
import { cancelRequest } from '../requests/cancel.ts';
import { createOnce } from '../requests/create-once.ts';
import type { Decide } from './decider.ts';
import { desiredBackup } from './desired-backup.ts';
import { editItem, removeKeys } from '../velero/item.ts';
import { createSiblingStarter } from './siblings.ts';
import {
  DATA_UPLOAD_NAME,
  DEFAULT_CSI_SNAPSHOT_TIMEOUT_MS,
  VOLUME_SNAPSHOT_NAME,
} from '../velero/constants.ts';
import { cancelUnstored } from './cancel-unstored.ts';
import { requestFields } from '../requests/fields.ts';
import { waitForCapture, type CaptureOutcome } from './wait-for-capture.ts';

type RequestKey = Required<{ namespace: string; name: string }>;

/** Creates the handler for claims: it creates the request for the data and returns when the source is captured. */
export function createClaimBackup(
  options: BackupActionOptions,
  decide: Decide,
): ItemHandler<PersistentVolumeClaim> {
  const { cluster, csiEnabled } = options;
  const siblings = createSiblingStarter(cluster, decide);

  async function request(
    pvc: PersistentVolumeClaim,
    { item, backup }: BackupItemInput,
    { context, attempt }: { context: CallContext; attempt: Attempt },
  ): Promise<BackupItemOutput> {
    const decision = await decide(backup, pvc, context);
    if (decision.outcome === 'fail') throw new PluginError(decision.message);
    if (decision.outcome === 'leave') {
      context.log[decision.level](decision.message);
      return {};
    }
    const kube = await cluster.kube();
    const wanted = desiredBackup(backup, pvc, decision);
    const { namespace, name } = wanted.metadata;
    const key = { namespace, name };
    attempt.request = wanted;
    const create = { clock: cluster.clock, signal: context.signal };
    const made = await createOnce(kube, dataMoverBackups, wanted, create);
    attempt.request = made;
    const log = context.log.child(requestFields(made));
    log.info(
      {
        dataMoverBackup: formatKey(key),
        dataMoverClass: decision.className,
        chosenBy: decision.by,
        ...(decision.policy === undefined ? {} : { volumePolicy: decision.policy }),
      },
      'the data mover backs up the data',
    );

    // Velero takes its own snapshots one by one, in the order of the claims, so none can be started early.
    const others = csiEnabled ? undefined : siblings.start(backup, pvc, context);
    const timeoutMs = captureTimeoutMs(backup);
    const wait = { clock: cluster.clock, timeoutMs, signal: context.signal };
    const outcome = await waitForCapture(kube, made, wait);
    await others;
    await report(outcome, { cluster, request: made, timeoutMs, context: { ...context, log } });
    return moved(item, key);
  }

  return async (pvc, input, context) => {
    const log = context.log.child(fieldsOf(pvc));
    const attempt: Attempt = { request: siblings.madeFor(pvc) };
    let output: BackupItemOutput = {};
    try {
      output = await request(pvc, input, { context: { ...context, log }, attempt });
      return output;
    } finally {
      if (output.operationID === undefined && attempt.request !== undefined)
        await cancelUnstored(cluster, attempt.request, log);
    }
  };
}

/** The request for a claim, once it exists. */
interface Attempt {
  request: DataMoverBackup | undefined;
}

/** Returns the claim to store: it names the request with its data, and no longer the snapshot in this cluster. */
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
  cluster: ClusterReader;
  request: DataMoverBackup;
  timeoutMs: number;
  context: CallContext;
}

/** Logs the outcome. In each case the operation continues to exist, and its progress reports a failure to Velero. */
async function report(outcome: CaptureOutcome, to: ReportTo): Promise<void> {
  const { log } = to.context;
  const request = `DataMoverBackup ${formatKey(keyOf(to.request))}`;
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
      await cancelRequest(to.cluster, dataMoverBackups, to.request.metadata);
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
