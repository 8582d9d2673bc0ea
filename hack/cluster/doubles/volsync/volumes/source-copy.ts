import { persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../../api/kubernetes/snapshot.ts';
import { present } from '../../present.ts';
import { copyName } from '../names.ts';
import type { Scope } from '../scope.ts';
import { copyCompleted, mayCopy } from './copy-trigger.ts';
import { ensureClaim } from './ensure-claim.ts';
import { ensureSnapshot, isBound } from './ensure-snapshot.ts';

/** Returns the claim that the mover of a source reads; undefined while it is not available. */
export async function sourceCopy(
  scope: Scope,
  source: PersistentVolumeClaim,
): Promise<PersistentVolumeClaim | undefined> {
  const { copyMethod = '' } = scope.restic;
  switch (copyMethod) {
    case 'Direct':
    case 'None':
      return source;
    case 'Clone':
      return clone(scope, source);
    case 'Snapshot':
      return fromSnapshot(scope, source);
    default:
      throw new Error(`unsupported copyMethod: ${copyMethod} -- must be Direct, None, Clone, or Snapshot`);
  }
}

async function clone(
  scope: Scope,
  source: PersistentVolumeClaim,
): Promise<PersistentVolumeClaim | undefined> {
  const { client, namespace, signal } = scope;
  const name = copyName(scope.owner.metadata.name);
  const existing = await client.get(persistentVolumeClaims, { namespace, name }, { signal });
  if (existing?.metadata.deletionTimestamp !== undefined) return undefined;
  if (!(await mayCopy(scope, source, existing !== undefined))) return undefined;
  const dataSource = { kind: 'PersistentVolumeClaim', name: source.metadata.name };
  const copy = await ensureClaim(scope, { ...copyOf(scope, source), name, dataSource, temporary: true });
  await copyCompleted(scope, source);
  return copy;
}

async function fromSnapshot(
  scope: Scope,
  source: PersistentVolumeClaim,
): Promise<PersistentVolumeClaim | undefined> {
  const { client, namespace, signal } = scope;
  const name = copyName(scope.owner.metadata.name);
  const existing = await client.get(volumeSnapshots, { namespace, name }, { signal });
  if (!(await mayCopy(scope, source, existing !== undefined))) return undefined;
  const snapshot = await ensureSnapshot(scope, { name, claim: source.metadata.name, temporary: true });
  if (!isBound(snapshot, scope) || snapshot.status?.readyToUse === false) return undefined;
  await copyCompleted(scope, source);
  const wanted = copyOf(scope, source);
  const capacity = scope.restic.capacity ?? snapshot.status?.restoreSize ?? wanted.capacity;
  const dataSource = { apiGroup: volumeSnapshots.group, kind: 'VolumeSnapshot', name };
  return ensureClaim(scope, { ...wanted, name, capacity, dataSource, temporary: true });
}

/** Returns size, class and modes of a copy: the CR's own, else the source's. */
function copyOf({ restic }: Scope, { spec, status }: PersistentVolumeClaim) {
  return {
    capacity: restic.capacity ?? sizeOf(spec, status),
    accessModes: restic.accessModes ?? spec.accessModes ?? [],
    ...present({
      storageClassName: restic.storageClassName ?? spec.storageClassName,
      volumeMode: spec.volumeMode,
    }),
  };
}

function sizeOf(spec: PersistentVolumeClaim['spec'], status: PersistentVolumeClaim['status']): string {
  return status?.capacity?.['storage'] ?? spec.resources?.requests?.['storage'] ?? '0';
}
