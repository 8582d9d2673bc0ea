import { formatKey, type Key } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { Informer } from '../../../kube/cache/shared-informer.ts';
import { compareText, createLine, type Line } from '../../../lifecycle/admission/sorted-line.ts';

/** The newest record of each claim. */
export interface Records {
  newestOf(claim: Key): DataMoverBackup | undefined;
}

/** Creates the records from changes of backups instead of lists, because a claim may have thousands. */
export function createRecords(backups: Pick<Informer<DataMoverBackup>, 'onChange'>): Records {
  /** Keyed by `namespace/name` of the claim. */
  const records = new Map<string, Line<DataMoverBackup>>();

  function leave(backup: DataMoverBackup, claim: string): void {
    const line = records.get(claim);
    line?.remove(backup);
    if (line?.size === 0) records.delete(claim);
  }

  function join(backup: DataMoverBackup, claim: string): void {
    const line = records.get(claim) ?? createLine(newestFirst);
    records.set(claim, line);
    line.add(backup);
  }

  backups.onChange((before, after) => {
    const [was, is] = [recordedClaim(before), recordedClaim(after)];
    if (before !== undefined && was !== undefined) leave(before, was);
    if (after !== undefined && is !== undefined) join(after, is);
  });

  return { newestOf: (claim) => records.get(formatKey(claim))?.head };
}

/** Returns the claim of a completed backup if it is in the namespace of the backup. */
function recordedClaim(backup: DataMoverBackup | undefined): string | undefined {
  if (backup?.metadata.deletionTimestamp !== undefined) return undefined;
  const { phase, result, volume } = backup?.status ?? {};
  if (phase !== 'Completed' || result === undefined || volume === undefined) return undefined;
  const { namespace, pvcName: name } = volume;
  return namespace === backup?.metadata.namespace ? formatKey({ namespace, name }) : undefined;
}

/** Orders by the time of the data. The name breaks ties, so that the choice is stable. */
function newestFirst(a: DataMoverBackup, b: DataMoverBackup): number {
  return timeOf(b) - timeOf(a) || compareText(b.metadata.name, a.metadata.name);
}

/** Milliseconds since 1970. */
function timeOf({ metadata, status }: DataMoverBackup): number {
  const time = status?.capture?.time ?? status?.completionTimestamp ?? metadata.creationTimestamp;
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? 0 : at;
}
