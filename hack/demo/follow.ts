import { setTimeout as delay } from 'node:timers/promises';
import { apiObject } from '../cluster/api.ts';
import { barText } from './bytes.ts';
import { APP } from './app.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { Cluster } from '../cluster/index.ts';

const LOOK_MS = 300;
/** Far longer than any sensible SIZE takes, so that a blocked run ends. */
const TIMEOUT_MS = 3_600_000;

/** The names of Velero's own object and of our request for it. */
export const SIDES = {
  backup: { velero: 'backups', requests: 'datamoverbackups', label: 'velero.io/backup-name' },
  restore: { velero: 'restores', requests: 'datamoverrestores', label: 'velero.io/restore-name' },
} as const;

export type Side = keyof typeof SIDES;

/** The fields of Velero's Backup or Restore that the demo reads. */
interface VeleroObject {
  readonly status?: { readonly phase?: string; readonly failureReason?: string };
}

interface RequestOf {
  readonly backup: DataMoverBackup;
  readonly restore: DataMoverRestore;
}

/** Returns one line with the state of Velero and of the data mover. */
export function progressLine(
  veleroPhase: string,
  request: DataMoverBackup | DataMoverRestore | undefined,
): string {
  const { phase = 'Pending', progress, message = '' } = request?.status ?? {};
  if (request === undefined) return `Velero: ${veleroPhase}`;
  const step = phase === 'Completed' ? `Velero: ${veleroPhase}` : phase;
  if (progress) return `${step}  ${barText(progress.bytesDone, progress.totalBytes)}`;
  // In other phases the message may still describe the previous step.
  const waits = /^(Pending|Queued|Staging|Moving)$/.test(phase) && message !== '';
  return waits ? `${phase}: ${message}` : step;
}

/**
 * Reports the progress of a Velero backup or restore until it ends, and returns its data mover request.
 * @throws Error with the reason if it ends in any phase other than Completed
 */
export async function follow<S extends Side>(
  cluster: Cluster,
  side: S,
  name: string,
  print: (text: string) => void,
): Promise<RequestOf[S]> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const [velero, request] = await Promise.all([
      apiObject(cluster.config, veleroPath(cluster, side, name)) as Promise<VeleroObject | undefined>,
      requestOf(cluster, side, name),
    ]);
    const { phase = 'New' } = velero?.status ?? {};
    print(progressLine(phase, request));
    if (phase === 'Completed' && request !== undefined) return request;
    if (/^(Completed|PartiallyFailed|Failed|FailedValidation)$/.test(phase)) {
      throw new Error(failureText(side, name, phase, request));
    }
    if (performance.now() > deadline) throw new Error(`${side} ${name}: still ${phase} after an hour`);
    await delay(LOOK_MS);
  }
}

async function requestOf<S extends Side>(
  { config }: Cluster,
  side: S,
  name: string,
): Promise<RequestOf[S] | undefined> {
  const { requests, label } = SIDES[side];
  const selector = encodeURIComponent(`${label}=${name}`);
  const path = `/apis/oadp.openshift.io/v1alpha1/namespaces/${APP.namespace}/${requests}?labelSelector=${selector}`;
  const list = (await apiObject(config, path)) as { items: RequestOf[S][] } | undefined;
  return list?.items[0];
}

function veleroPath({ namespace }: Cluster, side: Side, name: string): string {
  return `/apis/velero.io/v1/namespaces/${namespace}/${SIDES[side].velero}/${name}`;
}

function failureText(
  side: Side,
  name: string,
  phase: string,
  request: DataMoverBackup | DataMoverRestore | undefined,
): string {
  const failure = request?.status?.failure;
  const why = request
    ? (failure?.message ?? `its data mover request is ${request.status?.phase ?? 'new'}`)
    : 'it has no data mover request';
  return `${side} ${name} ended as ${phase}: ${why}\nlook at: velero ${side} describe ${name} --details; velero ${side} logs ${name}`;
}
