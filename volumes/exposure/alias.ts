import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { annotations } from '../../api/common/keys.ts';
import type { VolumeAccess } from '../volume-access.ts';
import { requestUidOf, type ChildIdentity } from '../../lifecycle/request/child-identity.ts';
import type { Target } from '../../kube/runtime/deleter.ts';
import { failed, waiting, type StepResult } from '../../lifecycle/request/step.ts';

/** The only access mode that several pods on several nodes may have and for which movers mount the volume read-only. */
const READ_ONLY = ['ReadOnlyMany'];

/** The volume to show. */
export interface AliasSource {
  persistentVolume: string;
  /** The uid of its claim. */
  claimUID: string;
}

/**
 * Stages a volume while the application uses it: creates a second PersistentVolume for the same storage, bound to a claim in
 * the protected namespace, for reading only.
 *
 * The alias never owns the data. Its reclaim policy is Retain from its creation and it has no annotations of a provisioner, so
 * its deletion never deletes data. The application's volume and claim are not changed.
 */
export async function stageAlias(
  access: VolumeAccess,
  child: ChildIdentity,
  source: AliasSource,
  signal: AbortSignal,
): Promise<StepResult> {
  const { listers, namespace } = access;
  const claim = listers.claims.get(`${namespace}/${child.name}`);
  if (claim?.status?.phase === 'Bound') return { state: 'done' };
  if (claim === undefined) {
    const name = source.persistentVolume;
    const volume = await access.client.get(persistentVolumes, { name }, { signal });
    if (volume === undefined || volume.spec.claimRef?.uid !== source.claimUID)
      return failed('SourceNotFound', `PersistentVolume ${name} no longer belongs to the source`);
    await access.creator.createOnce(persistentVolumes, aliasOf(volume, namespace, child), signal);
    await access.creator.createOnce(persistentVolumeClaims, claimFor(volume, namespace, child), signal);
  }
  return waiting(`waiting for staging PersistentVolumeClaim ${namespace}/${child.name} to be bound`);
}

function aliasOf(
  { spec, metadata }: PersistentVolume,
  namespace: string,
  { name, labels, annotations: own }: ChildIdentity,
): PersistentVolume {
  // Without the classes the provisioner ignores the alias.
  const { storageClassName: _, volumeAttributesClassName: __, ...shown } = spec;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels, annotations: { ...own, [annotations.aliasOf]: metadata.name } },
    spec: {
      ...shown,
      accessModes: READ_ONLY,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
    },
  };
}

function claimFor(
  { spec }: PersistentVolume,
  namespace: string,
  { name, labels, annotations: own }: ChildIdentity,
): PersistentVolumeClaim {
  const { capacity, volumeMode } = spec;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, labels, annotations: own },
    spec: {
      accessModes: READ_ONLY,
      // An empty name disables the default class.
      storageClassName: '',
      volumeName: name,
      resources: { requests: { storage: capacity?.['storage'] ?? '1' } },
      ...(volumeMode !== undefined && { volumeMode }),
    },
  };
}

/** Returns true if the volume is an alias. */
export function isAlias({ metadata }: PersistentVolume): boolean {
  return metadata.annotations?.[annotations.aliasOf] !== undefined;
}

/** Removes the objects of {@link stageAlias}. Returns what remains. */
export async function unstageAlias(
  access: VolumeAccess,
  child: ChildIdentity,
  signal: AbortSignal,
): Promise<string[]> {
  const { name } = child;
  const { namespace, listers } = access;
  const targets: Target[] = [
    {
      kind: persistentVolumeClaims,
      key: { namespace, name },
      cached: listers.claims.get(`${namespace}/${name}`),
    },
    { kind: persistentVolumes, key: { name }, cached: listers.volumes.get(name) },
  ];
  return access.cleaner.remove(requestUidOf(child), targets, signal);
}
