import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import { resolveClass } from '../../../api/datamover/v1alpha1/class-resolution.ts';
import { looksAtVolume, volumeFactsOf } from '../../../api/datamover/v1alpha1/class-volumes.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { inTurns } from '../../../kube/runtime/turns.ts';
import type { Listers } from '../environment.ts';

/** The number of claims of each class. */
export interface Matches {
  of(className: string): Promise<number>;
  /** Processes a change of a claim and returns the classes whose number has changed. */
  claimChanged(before: PersistentVolumeClaim | undefined, after: PersistentVolumeClaim | undefined): string[];
  /** Counts all claims again before the next result, because a change of one class may affect all of them. */
  classesChanged(): void;
}

/** Creates the counters. Claims in the protected namespace are created and deleted by movers and count for no class. */
export function createMatches(
  { classes, claims, volumes }: Pick<Listers, 'classes' | 'claims' | 'volumes'>,
  protectedNamespace: string,
): Matches {
  const counts = new Map<string, number>();
  /** The class of each claim that has one, by the key of the claim. */
  const classOf = new Map<string, string>();
  /** The number of changes of classes so far, and how many of them `counts` includes. */
  let changes = 1;
  let takenIn = 0;
  let counting: Promise<void> | undefined;

  function put(key: string, className: string | undefined): string[] {
    const known = classOf.get(key);
    if (known === className) return [];
    if (known !== undefined) counts.set(known, (counts.get(known) ?? 0) - 1);
    if (className !== undefined) counts.set(className, (counts.get(className) ?? 0) + 1);
    if (className === undefined) classOf.delete(key);
    else classOf.set(key, className);
    return [known, className].filter((one) => one !== undefined);
  }

  function resolve(all: readonly DataMoverClass[], claim: PersistentVolumeClaim): string | undefined {
    if (claim.metadata.namespace === protectedNamespace || isStaged(claim)) return undefined;
    const known = all.some(looksAtVolume) ? volumes.get(claim.spec.volumeName ?? '') : undefined;
    const volume = volumeFactsOf(claim, known);
    const resolution = resolveClass(all, claim, { installation: protectedNamespace, volume });
    return resolution.outcome === 'resolved' ? resolution.class.metadata.name : undefined;
  }

  /** Starts over if a class changes during the count. `claimChanged` processes the claims that change during it. */
  async function countAll(): Promise<void> {
    let begunAt: number;
    do {
      begunAt = changes;
      const all = classes.list();
      for await (const key of inTurns(claims.list().map((claim) => formatKey(keyOf(claim))))) {
        if (changes !== begunAt) break;
        const claim = claims.get(key);
        if (claim !== undefined) put(key, resolve(all, claim));
      }
    } while (changes !== begunAt);
    takenIn = begunAt;
  }

  return {
    async of(className) {
      if (takenIn !== changes) counting ??= countAll().finally(() => (counting = undefined));
      await counting;
      return counts.get(className) ?? 0;
    },
    claimChanged(before, after) {
      const claim = after ?? before;
      if (claim === undefined) return [];
      return put(formatKey(keyOf(claim)), after && resolve(classes.list(), after));
    },
    classesChanged() {
      changes++;
    },
  };
}

/** Returns true if a controller of this or another installation created the claim for a request. */
function isStaged({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.labels?.[labels.requestUid] !== undefined;
}

/** Returns true if a change of a claim may change its class. */
export function affectsMatching(
  before: PersistentVolumeClaim | undefined,
  after: PersistentVolumeClaim | undefined,
): boolean {
  return relevantFields(before) !== relevantFields(after);
}

function relevantFields(claim: PersistentVolumeClaim | undefined): string {
  if (claim === undefined) return '';
  const { labels = {}, annotations: { [annotations.className]: className } = {} } = claim.metadata;
  return JSON.stringify([labels, className, claim.spec.volumeName, claim.status?.capacity]);
}

/** Returns true if a change of a volume may change the class of its claim. */
export function affectsMatchingOfClaim(
  before: PersistentVolume | undefined,
  after: PersistentVolume | undefined,
): boolean {
  return factsOf(before) !== factsOf(after);
}

function factsOf(volume: PersistentVolume | undefined): string {
  if (volume === undefined) return '';
  const { capacity, csi, storageClassName } = volume.spec;
  return JSON.stringify([capacity, csi?.driver, storageClassName]);
}
