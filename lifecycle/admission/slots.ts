/** What a request occupies while it stages and moves data. */
export interface Slot {
  kind: string;
  className: string;
  /** A repository serves one request at a time, of any kind. */
  repository: string;
  /** The node of its mover; `undefined` until the scheduler chooses one. */
  node: string | undefined;
}

/** Limits of the classes and of the cluster. */
export interface Bounds {
  /** Returns how many requests of a kind may run per class; 0 if the class does not exist. */
  perClass(className: string, kind: string): number;
  /** Returns how many requests of a kind may run per class and node; `Infinity` if the kind has no limit per node. */
  perNode(className: string, kind: string): number;
  /** Returns the number of schedulable nodes. Called often, so it must be cheap. */
  nodes(): number;
}

/** Counts the occupied slots of classes and nodes. */
export interface Slots {
  take(slot: Slot): void;
  free(slot: Slot): void;
  /** Returns why no slot is free; `undefined` if one is free. */
  obstacle(slot: Slot): Obstacle | undefined;
}

export interface Obstacle {
  at: 'node' | 'class';
  /** For people: how many slots are taken, of how many. */
  reason: string;
}

export function createSlots(bounds: Bounds): Slots {
  const taken = new Map<string, number>();

  function count({ kind, className, node }: Slot, change: 1 | -1): void {
    for (const counter of [ofClass(kind, className), ofNode(kind, node), ofAllNodes(kind)])
      taken.set(counter, (taken.get(counter) ?? 0) + change);
  }

  function classObstacle({ kind, className }: Slot): Obstacle | undefined {
    const limit = bounds.perClass(className, kind);
    const where = `of DataMoverClass ${className}`;
    return full('class', where, { count: taken.get(ofClass(kind, className)) ?? 0, limit });
  }

  /** If the node is unknown, all nodes together count as one large node. */
  function nodeObstacle({ kind, className, node }: Slot): Obstacle | undefined {
    const nodes = node === undefined ? Math.max(1, bounds.nodes()) : 1;
    const limit = nodes * bounds.perNode(className, kind);
    const counter = node === undefined ? ofAllNodes(kind) : ofNode(kind, node);
    const where = node === undefined ? 'on all nodes together' : `on node ${node}`;
    return full('node', where, { count: taken.get(counter) ?? 0, limit });
  }

  return {
    take: (slot) => count(slot, 1),
    free: (slot) => count(slot, -1),
    obstacle: (slot) => nodeObstacle(slot) ?? classObstacle(slot),
  };
}

export function isSameSlot(one: Slot, another: Slot): boolean {
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
  return { at, reason: `${String(count)} of ${String(limit)} slots ${where} are in use` };
}
