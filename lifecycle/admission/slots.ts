/** What a request occupies while it works. */
export interface Slot {
  kind: string;
  /** Requests of one pool share limits. */
  pool: string;
  /** What only one request may use at a time, of any kind; '' until it is known. */
  mutex: string;
  /** The node that it works on; `undefined` until the scheduler chooses one. */
  node: string | undefined;
}

/** Limits of the pools and of the cluster. */
export interface Bounds {
  /** Returns how many requests of a kind may run per pool; 0 if the pool does not exist. */
  perPool(pool: string, kind: string): number;
  /** Returns how many requests of a kind may run per pool and node; `Infinity` if the kind has no limit per node. */
  perNode(pool: string, kind: string): number;
  /** Returns the number of schedulable nodes. Called often, so it must be cheap. */
  nodes(): number;
}

/** A product's words for what its requests wait for, in messages to users. */
export interface AdmissionWords {
  /** For example `Queue`, in `1 of 1 slots of Queue main are in use`. */
  pool: string;
  /** For example `printer`, in `app/r1 is using the same printer`. */
  mutex: string;
}

/** Counts the occupied slots of pools and nodes. */
export interface Slots {
  take(slot: Slot): void;
  free(slot: Slot): void;
  /** Returns why no slot is free; `undefined` if one is free. */
  obstacle(slot: Slot): Obstacle | undefined;
}

export interface Obstacle {
  at: 'node' | 'pool';
  /** For people: how many slots are taken, of how many. */
  reason: string;
}

export function createSlots(bounds: Bounds, words: Pick<AdmissionWords, 'pool'>): Slots {
  const taken = new Map<string, number>();

  function count({ kind, pool, node }: Slot, change: 1 | -1): void {
    for (const counter of [ofPool(kind, pool), ofNode(kind, node), ofAllNodes(kind)])
      taken.set(counter, (taken.get(counter) ?? 0) + change);
  }

  function poolObstacle({ kind, pool }: Slot): Obstacle | undefined {
    const limit = bounds.perPool(pool, kind);
    const where = `of ${words.pool} ${pool}`;
    return full('pool', where, { count: taken.get(ofPool(kind, pool)) ?? 0, limit });
  }

  /** If the node is unknown, all nodes together count as one large node. */
  function nodeObstacle({ kind, pool, node }: Slot): Obstacle | undefined {
    const nodes = node === undefined ? Math.max(1, bounds.nodes()) : 1;
    const limit = nodes * bounds.perNode(pool, kind);
    const counter = node === undefined ? ofAllNodes(kind) : ofNode(kind, node);
    const where = node === undefined ? 'on all nodes together' : `on node ${node}`;
    return full('node', where, { count: taken.get(counter) ?? 0, limit });
  }

  return {
    take: (slot) => count(slot, 1),
    free: (slot) => count(slot, -1),
    obstacle: (slot) => nodeObstacle(slot) ?? poolObstacle(slot),
  };
}

export function isSameSlot(one: Slot, another: Slot): boolean {
  return (
    one.kind === another.kind &&
    one.pool === another.pool &&
    one.mutex === another.mutex &&
    one.node === another.node
  );
}

const ofPool = (kind: string, pool: string): string => `${kind} of ${pool}`;
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
