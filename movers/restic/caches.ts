import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { shortHash } from '../../api/datamover/v1alpha1/names.ts';
import { ownLabels } from '../../api/datamover/v1alpha1/own-labels.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Informer } from '../../kube/cache/informer-set.ts';
import { deleteWhenReleased } from '../../volumes/exposure/reclaim-policy.ts';
import type { Creator } from '../../kube/runtime/creator.ts';
import { compareText, createLine } from '../../lifecycle/admission/sorted-line.ts';
import type { MoverRequest } from '../mover.ts';
import type { ResticConfig } from './config.ts';

/**
 * restic's caches, one claim per repository where the class says so. A cache is worth nothing that the repository does not have, so
 * whatever is in its way has it removed. See docs/adr/0018.
 */
export interface Caches {
  /** The claim for this backup; `undefined` where its cache goes with its pod. */
  claimFor(request: MoverRequest<ResticConfig>): Promise<string | undefined>;
  /** Removes that of a repository, if there is one. */
  remove(repositoryPath: string, signal: AbortSignal): Promise<void>;
  /** Removes some of those that are too old, whosever they are. */
  removeOld(signal: AbortSignal): Promise<void>;
}

interface CachesDependencies {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  /** Only caches. */
  claims: Pick<Informer<PersistentVolumeClaim>, 'store' | 'onChange'>;
  creator: Creator;
  now: () => Date;
}

/**
 * No cache gets older: the next backup makes another. So none outlives its repository, its class or its application for longer,
 * nobody has to note when one was used, and a volume that has moved to another zone gets one there.
 */
const LIFETIME_MS = 30 * 24 * 3_600_000;

/** How many old ones one call removes. */
const PORTION = 10;

export function createCaches(deps: CachesDependencies): Caches {
  const { client, namespace, claims, creator } = deps;

  /** There may be thousands, one per repository, and every clean-up looks for old ones. */
  const byAge = createLine(compareAge);
  claims.onChange((before, after) => {
    if (before !== undefined) byAge.remove(before);
    if (after !== undefined && after.metadata.deletionTimestamp === undefined) byAge.add(after);
  });

  const find = (repositoryPath: string): PersistentVolumeClaim | undefined =>
    claims.store.get(`${namespace}/${nameOfCache(repositoryPath)}`);

  const isOld = ({ metadata }: PersistentVolumeClaim): boolean =>
    deps.now().getTime() - Date.parse(metadata.creationTimestamp ?? '') > LIFETIME_MS;

  /** Its volume goes with it, also where the storage class says to keep it. A pod that uses it keeps both until it ends. */
  async function removeClaim(claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
    const { uid = '', deletionTimestamp } = claim.metadata;
    if (deletionTimestamp !== undefined) return;
    if (claim.spec.volumeName !== undefined) await reclaim(claim.spec.volumeName, uid, signal);
    creator.forget(persistentVolumeClaims, keyOf(claim));
    await client.delete(persistentVolumeClaims, keyOf(claim), { uid, signal });
  }

  async function reclaim(name: string, uid: string, signal: AbortSignal): Promise<void> {
    const volume = await client.get(persistentVolumes, { name }, { signal });
    // A claim that has lost its volume still names it.
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

/** The oldest first. */
function compareAge(a: PersistentVolumeClaim, b: PersistentVolumeClaim): number {
  return compareText(ageOf(a), ageOf(b));
}

function ageOf(claim: PersistentVolumeClaim): string {
  return `${claim.metadata.creationTimestamp ?? ''} ${formatKey(keyOf(claim))}`;
}

/** restic keeps the caches of several repositories apart by their ids, so two stores with the same path may share one. */
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
