import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { keyOf, type Kind } from '../../api/kubernetes/meta.ts';
import { labels, MANAGED_BY } from '../../api/common/keys.ts';
import { EXCLUDED } from '../../api/common/own-labels.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';
import { inTurns } from '../../kube/runtime/turns.ts';
import { CLAIM_INDEX, OWN_INDEX, type VolumeListers } from '../volume-access.ts';

/** Access to objects that others created for us. */
export interface ExcludeAccess {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  listers: Pick<VolumeListers, 'claims' | 'volumes'>;
}

/**
 * Labels objects without our labels so that Velero's backups exclude them: the volumes of these claims in the protected
 * namespace, and claims that an engine created. The hand-over removes the label from a restored volume.
 */
export async function excludeClaims(
  access: ExcludeAccess,
  claimNames: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { client, namespace, listers } = access;
  for await (const name of inTurns(claimNames)) {
    const claim = listers.claims.get(`${namespace}/${name}`);
    if (claim !== undefined) await exclude(client, persistentVolumeClaims, claim, signal);
    for (const volume of listers.volumes.byIndex(CLAIM_INDEX, `${namespace}/${name}`))
      await exclude(client, persistentVolumes, volume, signal);
  }
}

/** Returns our claims in the protected namespace. */
export function ownClaims({ namespace, listers }: Omit<ExcludeAccess, 'client'>): string[] {
  return listers.claims.byIndex(OWN_INDEX, namespace).map(({ metadata }) => metadata.name);
}

/** Returns true if a claim was created for a request. */
export function isOwn({ labels: own = {} }: PersistentVolumeClaim['metadata']): boolean {
  return own[labels.managedBy] === MANAGED_BY && own[labels.veleroExclude] === 'true';
}

/** Conditional on the version that was read: a volume that was handed over since then belongs to the application. */
async function exclude<T extends PersistentVolumeClaim | PersistentVolume>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  signal: AbortSignal,
): Promise<void> {
  if (object.metadata.labels?.[labels.veleroExclude] === 'true') return;
  const { resourceVersion } = object.metadata;
  const patch = { metadata: { resourceVersion, labels: EXCLUDED } };
  await patchIfThere(client, kind, { key: keyOf(object), patch, signal });
}
