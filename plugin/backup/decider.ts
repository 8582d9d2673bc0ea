import {
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { looksAtVolume } from '../../api/datamover/v1alpha1/class-volumes.ts';
import type { ClusterReader } from '../cluster-reader.ts';
import { policiesKeysOf } from '../policies/load-policies.ts';
import { noPolicies, type ResourcePolicies } from '../policies/volume-policy.ts';
import { decideBackup, type BackupDecision } from './decision.ts';
import { retryTransient } from '../retry.ts';
import { withFilters } from './selection.ts';
import { readVeleroWork, type VeleroWork } from './velero-work.ts';

/** Calls {@link decideBackup} with facts from the cluster. If `volume` is given, it is not read again. */
export type Decide = (
  backup: Backup,
  pvc: PersistentVolumeClaim,
  options: { signal: AbortSignal; volume?: PersistentVolume },
) => Promise<BackupDecision>;

/** `csiEnabled`: Velero's own CSI support is enabled; otherwise none of its annotations can belong to this backup. */
export function createDecider(cluster: ClusterReader, { csiEnabled }: { csiEnabled: boolean }): Decide {
  return async (backup, pvc, { signal, volume }) => {
    const [classes, policies, content, veleroWork] = await Promise.all([
      cluster.classes(),
      policiesOf(cluster, backup),
      cluster.content(pvc.metadata.namespace ?? ''),
      csiEnabled ? workOf(cluster, backup, pvc, signal) : {},
    ]);
    const { volumes, filters } = policies;
    const isNeeded = volumes.length > 0 || classes.some(looksAtVolume);
    const known = isNeeded ? (volume ?? (await volumeOf(cluster, pvc, signal))) : undefined;
    const facts = {
      classes,
      policies: volumes,
      volume: known,
      pods: content.pods,
      veleroWork,
      unreadFilters: filters.perNamespace,
    };
    return decideBackup(withFilters(backup, filters), pvc, facts);
  };
}

async function workOf(
  cluster: ClusterReader,
  backup: Backup,
  pvc: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<VeleroWork> {
  const kube = await cluster.kube();
  return retryTransient({ clock: cluster.clock, signal }, () => readVeleroWork(kube, backup, pvc, signal));
}

/** As in Velero, the backup's own policies override the global ones, whose filters are ignored. */
export async function policiesOf(cluster: ClusterReader, backup: Backup): Promise<ResourcePolicies> {
  const keys = policiesKeysOf(backup);
  const [own, global] = await Promise.all([
    keys.own === undefined ? noPolicies : cluster.policies(keys.own),
    keys.global === undefined ? noPolicies : cluster.policies(keys.global),
  ]);
  return { volumes: [...own.volumes, ...global.volumes], filters: own.filters };
}

/** As in Velero, an unbound claim has no volume, even if it names one. */
async function volumeOf(
  cluster: ClusterReader,
  pvc: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<PersistentVolume | undefined> {
  const { volumeName } = pvc.spec;
  if (!volumeName || pvc.status?.phase !== 'Bound') return undefined;
  return (await cluster.kube()).get(persistentVolumes, { name: volumeName }, { signal });
}
