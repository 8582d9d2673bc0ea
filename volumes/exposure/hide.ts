import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { keyOf, type Kind } from '../../api/kubernetes/meta.ts';
import { labels, MANAGED_BY } from '../../api/datamover/v1alpha1/keys.ts';
import { HIDDEN } from '../../api/datamover/v1alpha1/own-labels.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { patchIfThere } from '../../kube/client/patch-if-there.ts';
import { inTurns } from '../../kube/runtime/turns.ts';
import { CLAIM_INDEX, OWN_INDEX, type VolumeListers } from '../volume-access.ts';

/** Where to look for what others made for us. */
export interface Hideout {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  listers: Pick<VolumeListers, 'claims' | 'volumes'>;
}

/**
 * Keeps out of Velero's backups what carries no label of ours when it is made: the volumes of these claims of the protected
 * namespace, and the claims themselves where an engine makes them. A restored volume loses the label when it is handed over.
 */
export async function hideClaims(
  hideout: Hideout,
  claimNames: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { client, namespace, listers } = hideout;
  for await (const name of inTurns(claimNames)) {
    const claim = listers.claims.get(`${namespace}/${name}`);
    if (claim !== undefined) await hide(client, persistentVolumeClaims, claim, signal);
    for (const volume of listers.volumes.byIndex(CLAIM_INDEX, `${namespace}/${name}`))
      await hide(client, persistentVolumes, volume, signal);
  }
}

/** The claims of ours that stand in the protected namespace. */
export function ownClaims({ namespace, listers }: Omit<Hideout, 'client'>): string[] {
  return listers.claims.byIndex(OWN_INDEX, namespace).map(({ metadata }) => metadata.name);
}

/** Whether a claim was made for a request. */
export function isOwn({ labels: own = {} }: PersistentVolumeClaim['metadata']): boolean {
  return own[labels.managedBy] === MANAGED_BY && own[labels.veleroExclude] === 'true';
}

/** Conditional on what was read: a volume that has changed hands since is the application's. */
async function hide<T extends PersistentVolumeClaim | PersistentVolume>(
  client: KubeClient,
  kind: Kind<T>,
  object: T,
  signal: AbortSignal,
): Promise<void> {
  if (object.metadata.labels?.[labels.veleroExclude] === 'true') return;
  const { resourceVersion } = object.metadata;
  const patch = { metadata: { resourceVersion, labels: HIDDEN } };
  await patchIfThere(client, kind, { key: keyOf(object), patch, signal });
}
