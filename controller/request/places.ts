import type { DataMoverClassSpec } from '../../api/v1alpha1/data-mover-class.ts';
import type { RequestKind } from '../movers/mover.ts';

/** What a request takes while it stages and moves data. */
export interface Place {
  kind: RequestKind;
  className: string;
  /** A repository serves one request at a time, whatever its kind. */
  repository: string;
  /** Where its mover runs or has to run; `undefined` while only the scheduler will know. */
  node: string | undefined;
}

export type Limits = DataMoverClassSpec['limits'];

/** Of the classes and of the cluster. */
export interface Bounds {
  /** `undefined`: there is no such class. */
  limitsOf(className: string): Limits | undefined;
  /** How many nodes pods can be scheduled to. */
  nodes(): number;
}

/** The places that are taken, and whether there is one more. */
export interface Places {
  take(place: Place): void;
  /** Why there is no place; `undefined` when there is one. */
  obstacle(place: Place): Obstacle | undefined;
}

export interface Obstacle {
  at: 'repository' | 'node' | 'class';
  /** For people: what is taken, and what there is. */
  reason: string;
  rule: string;
}

export function createPlaces(bounds: Bounds): Places {
  const taken: Place[] = [];

  function classObstacle({ kind, className }: Place): Obstacle | undefined {
    const limit = ofClass(bounds.limitsOf(className), kind);
    const count = taken.filter((one) => one.kind === kind && one.className === className).length;
    if (count < limit) return undefined;
    return full('class', `of DataMoverClass ${className}`, { count, limit });
  }

  /** Where the node is not known, it could be any: then all nodes together are one large one. */
  function nodeObstacle({ kind, className, node }: Place): Obstacle | undefined {
    const nodes = node === undefined ? Math.max(1, bounds.nodes()) : 1;
    const limit = nodes * perNode(bounds.limitsOf(className), kind);
    const sameKind = taken.filter((one) => one.kind === kind);
    const count = sameKind.filter((one) => node === undefined || one.node === node).length;
    if (count < limit) return undefined;
    return full('node', node === undefined ? 'on all nodes together' : `on node ${node}`, { count, limit });
  }

  return {
    take: (place) => void taken.push(place),
    obstacle: (place) =>
      taken.some((one) => shareRepository(one, place))
        ? { at: 'repository', reason: 'another request is using the same repository', rule: '' }
        : (nodeObstacle(place) ?? classObstacle(place)),
  };
}

export function shareRepository(one: Place, another: Place): boolean {
  return one.repository !== '' && one.repository === another.repository;
}

function full(
  at: Obstacle['at'],
  where: string,
  { count, limit }: { count: number; limit: number },
): Obstacle {
  return {
    at,
    reason: `${String(count)} of ${String(limit)} places ${where} are taken`,
    rule: `there are ${String(limit)} places ${where}`,
  };
}

/** A class that is gone gives no places. */
function ofClass(limits: Limits | undefined, kind: RequestKind): number {
  if (limits === undefined) return 0;
  return { backup: limits.backups, restore: limits.restores, delete: limits.deletes, prune: limits.prunes }[
    kind
  ];
}

/** Removals and prunes burden the repository and no volume, so it does not matter where they run. */
function perNode(limits: Limits | undefined, kind: RequestKind): number {
  if (limits === undefined) return 0;
  if (kind !== 'backup' && kind !== 'restore') return Infinity;
  return { backup: limits.backupsPerNode, restore: limits.restoresPerNode }[kind];
}
