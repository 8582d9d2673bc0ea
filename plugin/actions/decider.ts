import {
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import type { Cluster } from '../cluster.ts';
import { policiesKeysOf } from '../policies/load-policies.ts';
import type { VolumePolicy } from '../policies/volume-policy.ts';
import { decideBackup, type BackupDecision } from './backup-decision.ts';

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
    const known = policies.length === 0 ? undefined : (volume ?? (await volumeOf(cluster, pvc, signal)));
    return decideBackup(backup, pvc, { classes, policies, volume: known, pods: content.pods });
  };
}

async function policiesOf(cluster: Cluster, backup: Backup): Promise<readonly VolumePolicy[]> {
  return (await Promise.all(policiesKeysOf(backup).map((key) => cluster.policies(key)))).flat();
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
