/** What a request takes while it stages and moves data. */
export interface Place {
  kind: string;
  className: string;
  /** A repository serves one request at a time, whatever its kind. */
  repository: string;
  /** Where its mover runs or has to run; `undefined` while only the scheduler will know. */
  node: string | undefined;
}

/** Of the classes and of the cluster. */
export interface Bounds {
  /** How many requests of a kind a class lets run; 0 if there is no such class. */
  perClass(className: string, kind: string): number;
  /** How many requests of a kind a class lets run per node; `Infinity` if nodes do not matter to the kind. */
  perNode(className: string, kind: string): number;
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
    const limit = bounds.perClass(className, kind);
    const where = `of DataMoverClass ${className}`;
    return full('class', where, { count: taken.get(ofClass(kind, className)) ?? 0, limit });
  }

  /** Where the node is not known, it could be any: then all nodes together are one large one. */
  function nodeObstacle({ kind, className, node }: Place): Obstacle | undefined {
    const nodes = node === undefined ? Math.max(1, bounds.nodes()) : 1;
    const limit = nodes * bounds.perNode(className, kind);
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

const ofClass = (kind: string, className: string): string => `${kind} of ${className}`;
const ofNode = (kind: string, node: string | undefined): string => `${kind} on ${node ?? ''}`;
const ofAllNodes = (kind: string): string => `every ${kind}`;

function full(
  at: Obstacle['at'],
  where: string,
  { count, limit }: { count: number; limit: number },
): Obstacle | undefined {
  if (count < limit) return undefined;
  return { at, reason: `${String(count)} of ${String(limit)} places ${where} are taken` };
}
