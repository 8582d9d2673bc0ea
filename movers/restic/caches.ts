import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { shortHash } from '../../api/kubernetes/names.ts';
import { ownLabels } from '../../api/common/own-labels.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import { deleteWhenReleased } from '../../volumes/exposure/reclaim-policy.ts';
import type { Creator } from '../../kube/runtime/creator.ts';
import { compareText, createLine } from '../../lifecycle/admission/sorted-line.ts';
import type { MoverRequest } from '../mover.ts';
import type { ResticConfig } from './config.ts';

/**
 * restic's caches: one claim per repository, if the class configures it. A cache contains nothing that the repository does not,
 * so it is deleted as soon as it is in the way. See docs/adr/0018.
 */
export interface Caches {
  /** Returns the name of the claim for this backup; `undefined` if the cache is deleted with its pod. */
  claimFor(request: MoverRequest<ResticConfig>): Promise<string | undefined>;
  /** Deletes the cache of a repository, if one exists. */
  remove(repositoryPath: string, signal: AbortSignal): Promise<void>;
  /** Deletes some of the caches that have expired, of any repository. */
  removeOld(signal: AbortSignal): Promise<void>;
}

interface CachesDependencies {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  /** Claims with the label of caches. */
  claims: Pick<Informer<PersistentVolumeClaim>, 'store' | 'onChange'>;
  creator: Creator;
  now: () => Date;
}

/**
 * Maximum age of a cache; the next backup then creates a new one. So no cache outlives its repository, class or application by
 * more than this, its last use need not be recorded, and a volume that was moved to another zone gets a cache in that zone.
 */
const LIFETIME_MS = 30 * 24 * 3_600_000;

/** Maximum number of expired caches that one call deletes. */
const PORTION = 10;

export function createCaches(deps: CachesDependencies): Caches {
  const { client, namespace, claims, creator } = deps;

  /** Sorted by age: every cleanup looks for expired caches, and thousands may exist, one per repository. */
  const byAge = createLine(compareAge);
  claims.onChange((before, after) => {
    if (before !== undefined) byAge.remove(before);
    if (after !== undefined && after.metadata.deletionTimestamp === undefined) byAge.add(after);
  });

  const find = (repositoryPath: string): PersistentVolumeClaim | undefined =>
    claims.store.get(`${namespace}/${nameOfCache(repositoryPath)}`);

  const isOld = ({ metadata }: PersistentVolumeClaim): boolean =>
    deps.now().getTime() - Date.parse(metadata.creationTimestamp ?? '') > LIFETIME_MS;

  /**
   * Deletes a cache and its volume, even if the StorageClass retains volumes. A pod that uses the claim delays both until it
   * ends.
   */
  async function removeClaim(claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
    const { uid = '', deletionTimestamp } = claim.metadata;
    if (deletionTimestamp !== undefined) return;
    if (claim.spec.volumeName !== undefined) await reclaim(claim.spec.volumeName, uid, signal);
    creator.forget(persistentVolumeClaims, keyOf(claim));
    await client.delete(persistentVolumeClaims, keyOf(claim), { uid, signal });
  }

  async function reclaim(name: string, uid: string, signal: AbortSignal): Promise<void> {
    const volume = await client.get(persistentVolumes, { name }, { signal });
    // A claim whose volume is lost still names it.
    if (volume?.spec.claimRef?.uid === uid) await deleteWhenReleased(client, volume, signal);
  }

  return {
    async claimFor(request) {
      const { config, repositoryPath, signal } = request;
      const known = find(repositoryPath);
      if (known !== undefined) {
        const isFit = config.cacheCapacity !== undefined && !isOld(known) && known.status?.phase !== 'Lost';
        if (isFit && known.metadata.deletionTimestamp === undefined) return known.metadata.name;
        await removeClaim(known, signal);
        return undefined;
      }
      if (config.cacheCapacity === undefined) return undefined;
      const claim = desiredCache(namespace, request, config.cacheCapacity);
      await creator.createOnce(persistentVolumeClaims, claim, signal);
      return claim.metadata.name;
    },
    async remove(repositoryPath, signal) {
      const claim = find(repositoryPath);
      if (claim !== undefined) await removeClaim(claim, signal);
    },
    async removeOld(signal) {
      for (const claim of byAge.first(PORTION).filter(isOld)) await removeClaim(claim, signal);
    },
  };
}

/** Sorts the oldest first. */
function compareAge(a: PersistentVolumeClaim, b: PersistentVolumeClaim): number {
  return compareText(ageOf(a), ageOf(b));
}

function ageOf(claim: PersistentVolumeClaim): string {
  return `${claim.metadata.creationTimestamp ?? ''} ${formatKey(keyOf(claim))}`;
}

/**
 * Returns the name of a cache. Two stores with the same repository path may share one: restic separates caches by repository id.
 */
function nameOfCache(repositoryPath: string): string {
  return `restic-cache-${shortHash(repositoryPath)}`;
}

function desiredCache(
  namespace: string,
  { config, repositoryPath, storageClassName }: MoverRequest<ResticConfig>,
  capacity: string,
): PersistentVolumeClaim {
  const className = config.cacheStorageClassName ?? storageClassName;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      namespace,
      name: nameOfCache(repositoryPath),
      labels: ownLabels({ [labels.cache]: shortHash(repositoryPath) }),
    },
    spec: {
      accessModes: config.cacheAccessModes,
      resources: { requests: { storage: capacity } },
      ...(className !== undefined && { storageClassName: className }),
    },
  };
}
