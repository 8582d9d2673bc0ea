import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { failureText, isTerminal } from '../requests/status.ts';
import { waitForRequest, type WaitOptions } from '../requests/wait.ts';

/** How the wait ended. */
export type CaptureOutcome =
  | { outcome: 'captured'; capture: NonNullable<DataMoverBackupStatus['capture']> }
  /** The request ended without a captured source. */
  | { outcome: 'failed'; message: string }
  | { outcome: 'timedOut' };

/**
 * Waits until the source of a backup is captured, so that the application may write again. Starts from the request as it was
 * found.
 */
export async function waitForCapture(
  kube: KubeClient,
  request: DataMoverBackup,
  options: WaitOptions,
): Promise<CaptureOutcome> {
  const awaited = { kind: dataMoverBackups, request, observe, during: 'while its source was being captured' };
  return (await waitForRequest(kube, awaited, options)) ?? { outcome: 'timedOut' };
}

function observe({ status }: DataMoverBackup): CaptureOutcome | undefined {
  if (status?.capture !== undefined) return { outcome: 'captured', capture: status.capture };
  if (status?.phase !== undefined && isTerminal(status.phase))
    return { outcome: 'failed', message: failureText(status) };
  return undefined;
}
