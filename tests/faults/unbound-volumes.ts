import { persistentVolumeClaims, type PersistentVolume } from '../../api/kubernetes/core.ts';
import { formatKey } from '../../api/kubernetes/meta.ts';
import { collectionOf, type Change } from '../fakes/fake-history.ts';

/**
 * Returns each moment at which a volume could have been deleted with its data: a policy other than Retain, and no claim that is
 * bound to it. The versions of all kinds come from one counter, so the changes can be replayed in their true order.
 */
export function unboundMoments(changes: readonly Change[], volume: string): string[] {
  const unbound: string[] = [];
  const claims = new Map<string, string | undefined>();
  let state: PersistentVolume | undefined;
  for (const change of [...changes].sort((a, b) => a.version - b.version)) {
    const { metadata } = change.last;
    if (collectionOf(change.kind) === collectionOf(persistentVolumeClaims))
      claims.set(formatKey(metadata), change.after?.metadata.uid);
    else if (change.last.kind === 'PersistentVolume' && metadata.name === volume) {
      if (change.after === undefined) unbound.push(`deleted at ${change.version}`);
      state = change.after as PersistentVolume | undefined;
    } else continue;
    if (state !== undefined && !isSafe(state, claims))
      unbound.push(`at ${change.version}, after a change of ${change.last.kind} ${metadata.name}`);
  }
  return unbound;
}

function isSafe({ spec }: PersistentVolume, claims: ReadonlyMap<string, string | undefined>): boolean {
  if (spec.persistentVolumeReclaimPolicy === 'Retain') return true;
  const { namespace = '', name = '', uid } = spec.claimRef ?? {};
  return uid !== undefined && claims.get(`${namespace}/${name}`) === uid;
}
