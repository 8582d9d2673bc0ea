import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../../../api/kubernetes/core.ts';
import { checkTaken, checkVolume } from '../../../../movers/check-capabilities.ts';
import { failed, type StepResult } from '../../../../lifecycle/request/step.ts';
import type { BackupScope } from '../scope.ts';

/** The source claim and the volume that it is bound to. */
export interface Source {
  claim: PersistentVolumeClaim;
  volume: PersistentVolume;
}

/** Returns the source, or the failure if it cannot be backed up. */
export async function findSource(scope: BackupScope, name: string): Promise<Source | StepResult> {
  const key = `${scope.namespace}/${name}`;
  const claim = await readClaim(scope, name);
  if (claim === undefined) return failed('SourceNotFound', `PersistentVolumeClaim ${key} does not exist`);
  const { volumeName } = claim.spec;
  if (claim.status?.phase !== 'Bound' || volumeName === undefined) {
    return failed(
      'SourceNotBound',
      `PersistentVolumeClaim ${key} is ${claim.status?.phase ?? 'Pending'}, not Bound; there is nothing to back up`,
    );
  }
  const unusable = checkVolume(scope.resolved.mover, `PersistentVolumeClaim ${key}`, claim.spec);
  if (unusable !== undefined) return unusable;
  const volume = await readVolume(scope, volumeName, claim);
  if (volume === undefined)
    return failed(
      'SourceNotBound',
      `PersistentVolume ${volumeName} does not exist or does not belong to PersistentVolumeClaim ${key}`,
    );
  return checkTaken(scope.resolved.class, claim, volume) ?? { claim, volume };
}

/** Falls back to the API server, because the cache may lag and a missing source fails the backup for good. */
async function readClaim(scope: BackupScope, name: string): Promise<PersistentVolumeClaim | undefined> {
  const { env, namespace, signal } = scope;
  const cached = env.listers.claims.get(`${namespace}/${name}`);
  if (cached?.status?.phase === 'Bound') return cached;
  return env.client.get(persistentVolumeClaims, { namespace, name }, { signal });
}

/** Returns the volume that the claim names if its `claimRef` names the claim too; a tenant controls only the claim. */
async function readVolume(
  { env, signal }: BackupScope,
  name: string,
  claim: PersistentVolumeClaim,
): Promise<PersistentVolume | undefined> {
  const cached = env.listers.volumes.get(name);
  if (cached !== undefined && belongsTo(cached, claim)) return cached;
  const volume = await env.client.get(persistentVolumes, { name }, { signal });
  return volume !== undefined && belongsTo(volume, claim) ? volume : undefined;
}

function belongsTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { namespace, name, uid } = claimRef ?? {};
  return namespace === metadata.namespace && name === metadata.name && uid === metadata.uid;
}
