import {
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import type { Cluster } from '../cluster.ts';
import { policiesKeysOf } from '../policies/load-policies.ts';
import { noPolicies, type ResourcePolicies } from '../policies/volume-policy.ts';
import { decideBackup, type BackupDecision } from './backup-decision.ts';
import { withFilters } from './backup-selection.ts';

/** {@link decideBackup} with its facts read from the cluster. `volume` spares a read where the caller has it. */
export type Decide = (
  backup: Backup,
  pvc: PersistentVolumeClaim,
  options: { signal: AbortSignal; volume?: PersistentVolume },
) => Promise<BackupDecision>;

export function createDecider(cluster: Cluster): Decide {
  return async (backup, pvc, { signal, volume }) => {
    const [classes, policies, content] = await Promise.all([
      cluster.classes(),
      policiesOf(cluster, backup),
      cluster.content(pvc.metadata.namespace ?? ''),
    ]);
    const { volumes, filters } = policies;
    const known = volumes.length === 0 ? undefined : (volume ?? (await volumeOf(cluster, pvc, signal)));
    const facts = {
      classes,
      policies: volumes,
      volume: known,
      pods: content.pods,
      unreadFilters: filters.perNamespace,
    };
    return decideBackup(withFilters(backup, filters), pvc, facts);
  };
}

/** As in Velero, the backup's own policies overrule those of all backups, whose filters do not count. */
async function policiesOf(cluster: Cluster, backup: Backup): Promise<ResourcePolicies> {
  const keys = policiesKeysOf(backup);
  const [own, global] = await Promise.all([
    keys.own === undefined ? noPolicies : cluster.policies(keys.own),
    keys.global === undefined ? noPolicies : cluster.policies(keys.global),
  ]);
  return { volumes: [...own.volumes, ...global.volumes], filters: own.filters };
}

/** As in Velero, a claim that is not bound has no volume, whatever it names. */
async function volumeOf(
  cluster: Cluster,
  pvc: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<PersistentVolume | undefined> {
  const { volumeName } = pvc.spec;
  if (!volumeName || pvc.status?.phase !== 'Bound') return undefined;
  return (await cluster.kube()).get(persistentVolumes, { name: volumeName }, { signal });
}
