import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { RequestKind } from '../../movers/mover.ts';

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
  /** How many nodes pods can be scheduled to. Asked often, so it must be cheap. */
  nodes(): number;
}

/** The places of classes and nodes that are taken, counted, and whether there is one more. */
export interface Places {
  take(place: Place): void;
  free(place: Place): void;
  /** Why there is no place; `undefined` when there is one. */
  obstacle(place: Place): Obstacle | undefined;
}

export interface Obstacle {
  at: 'node' | 'class';
  /** For people: what is taken, and what there is. */
  reason: string;
}

export function createPlaces(bounds: Bounds): Places {
  const taken = new Map<string, number>();

  function count({ kind, className, node }: Place, change: 1 | -1): void {
    for (const counter of [ofClass(kind, className), ofNode(kind, node), ofAllNodes(kind)])
      taken.set(counter, (taken.get(counter) ?? 0) + change);
  }

  function classObstacle({ kind, className }: Place): Obstacle | undefined {
    const limit = perClass(bounds.limitsOf(className), kind);
    const where = `of DataMoverClass ${className}`;
    return full('class', where, { count: taken.get(ofClass(kind, className)) ?? 0, limit });
  }

  /** Where the node is not known, it could be any: then all nodes together are one large one. */
  function nodeObstacle({ kind, className, node }: Place): Obstacle | undefined {
    const nodes = node === undefined ? Math.max(1, bounds.nodes()) : 1;
    const limit = nodes * perNode(bounds.limitsOf(className), kind);
    const counter = node === undefined ? ofAllNodes(kind) : ofNode(kind, node);
    const where = node === undefined ? 'on all nodes together' : `on node ${node}`;
    return full('node', where, { count: taken.get(counter) ?? 0, limit });
  }

  return {
    take: (place) => count(place, 1),
    free: (place) => count(place, -1),
    obstacle: (place) => nodeObstacle(place) ?? classObstacle(place),
  };
}

export function samePlace(one: Place, another: Place): boolean {
  return (
    one.kind === another.kind &&
    one.className === another.className &&
    one.repository === another.repository &&
    one.node === another.node
  );
}

const ofClass = (kind: RequestKind, className: string): string => `${kind} of ${className}`;
const ofNode = (kind: RequestKind, node: string | undefined): string => `${kind} on ${node ?? ''}`;
const ofAllNodes = (kind: RequestKind): string => `every ${kind}`;

function full(
  at: Obstacle['at'],
  where: string,
  { count, limit }: { count: number; limit: number },
): Obstacle | undefined {
  if (count < limit) return undefined;
  return { at, reason: `${String(count)} of ${String(limit)} places ${where} are taken` };
}

/** A class that is gone gives no places. */
function perClass(limits: Limits | undefined, kind: RequestKind): number {
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
