import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Resource } from '../../api/kubernetes/meta.ts';
import { createAdmission, type AdmissionRequest } from './admission.ts';

type Kind = 'backup' | 'restore' | 'delete' | 'prune';

/** A request of the product that this test makes up. */
interface Work extends Resource {
  spec: { cancel?: boolean };
  status: { phase: string; admittedAt?: string; pool: string; mutex: string; node: string | undefined };
}

/** The request as the API server stores it, and what this test records about it. */
interface Entry {
  kind: Kind;
  request: AdmissionRequest;
  object: Work;
}

interface Limits {
  atOnce: number;
  perNode: number;
}

const limits = (atOnce: number, perNode: number): Limits => ({ atOnce, perNode });

const LIMITS: Readonly<Record<string, Limits>> = {
  narrow: limits(1, 9),
  wide: limits(3, 9),
  /** High limit per class, low limit per node. */
  spread: limits(9, 2),
};

const NODES = 2;

function entry(index: number, kind: Kind, className: string, repository: string, node?: string): Entry {
  const uid = `uid-${String(index).padStart(3, '0')}`;
  return {
    kind,
    request: { uid, pool: className, mutex: repository, node },
    object: {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: kind === 'backup' ? 'DataMoverBackup' : 'DataMoverRestore',
      metadata: {
        namespace: 'app',
        name: `r${String(index)}`,
        uid,
        // Several per second, as Velero creates them.
        creationTimestamp: `2026-01-01T00:00:${String(Math.floor(index / 3)).padStart(2, '0')}Z`,
      },
      spec: {},
      status: { phase: 'Queued', pool: className, mutex: repository, node },
    },
  };
}

/** An admission over a cache that shows these entries at each call. */
function admissionOver(entries: readonly Entry[], limits: Readonly<Record<string, Limits>> = LIMITS) {
  const shown = new Map<string, { kind: Kind; object: Work }>();
  const offers: string[] = [];
  const due: (() => void)[] = [];
  const admission = createAdmission<Work>({
    words: { pool: 'DataMoverClass', mutex: 'repository' },
    slotOf: ({ status }) => ({ pool: status.pool, mutex: status.mutex, node: status.node }),
    isCanceled: ({ spec }) => spec.cancel === true,
    bounds: {
      perPool: (className) => limits[className]?.atOnce ?? 0,
      perNode: (className, kind) =>
        kind === 'delete' || kind === 'prune' ? Infinity : (limits[className]?.perNode ?? 0),
      nodes: () => NODES,
    },
    onOffer: (_, key) => offers.push(key.name),
    later: (action) => void due.push(action),
  });

  function show(): void {
    for (const { kind, object } of entries) {
      const uid = object.metadata.uid ?? '';
      const before = shown.get(uid)?.object;
      if (JSON.stringify(before) === JSON.stringify(object)) continue;
      const after = structuredClone(object);
      shown.set(uid, { kind, object: after });
      admission.changed(kind, before, after);
    }
    for (const [uid, { kind, object }] of shown) {
      if (entries.some(({ request }) => request.uid === uid)) continue;
      shown.delete(uid);
      admission.changed(kind, object, undefined);
    }
  }

  return {
    ...admission,
    /** Names of the requests that a slot was reserved for. */
    offers,
    show,
    /** Shows all entries and runs postponed actions. */
    settle(): void {
      show();
      for (const action of due.splice(0)) action();
    },
    decide(kind: Kind, request: AdmissionRequest) {
      show();
      return admission.decide(kind, request);
    },
    isAwaited(repository: string, uid: string) {
      show();
      return admission.isAwaited(repository, uid);
    },
  };
}

const write = ({ object }: Entry): void => {
  object.status = { ...object.status, phase: 'Moving', admittedAt: '2026-01-01T01:00:00Z' };
};
const finish = ({ object }: Entry): void => {
  object.status = { ...object.status, phase: 'Completed' };
};

describe('admission', () => {
  it('grants slots up to the limit, oldest first, and counts the requests ahead', () => {
    const entries = [0, 1, 2].map((index) => entry(index, 'backup', 'narrow', `repository-${String(index)}`));
    const admission = admissionOver(entries);
    const [oldest, middle, youngest] = entries as [Entry, Entry, Entry];
    expect(admission.decide('backup', youngest.request)).toEqual({
      admitted: false,
      ahead: 1,
      reason: '1 of 1 slots of DataMoverClass narrow are in use',
    });
    expect(admission.decide('backup', oldest.request)).toEqual({ admitted: true });
    expect(admission.decide('backup', middle.request)).toEqual({
      admitted: false,
      ahead: 0,
      reason: '1 of 1 slots of DataMoverClass narrow are in use',
    });
  });

  it('grants the slot again to a request that could not store it', () => {
    const [only] = [entry(0, 'backup', 'narrow', 'r')] as [Entry];
    const admission = admissionOver([only]);
    expect(admission.decide('backup', only.request)).toEqual({ admitted: true });
    expect(admission.decide('backup', only.request)).toEqual({ admitted: true });
  });

  it.each(['Completed', 'Failed', 'Canceled'])('frees the place of one that is %s', (phase) => {
    const [first, second] = [entry(0, 'backup', 'narrow', 'a'), entry(1, 'backup', 'narrow', 'b')] as const;
    const admission = admissionOver([first, second]);
    admission.decide('backup', first.request);
    write(first);
    expect(admission.decide('backup', second.request).admitted).toBe(false);
    first.object.status = { ...first.object.status, phase };
    expect(admission.decide('backup', second.request).admitted).toBe(true);
  });

  it('frees the place of one that was deleted before its admission was seen', () => {
    const [first, second] = [entry(0, 'backup', 'narrow', 'a'), entry(1, 'backup', 'narrow', 'b')] as const;
    const entries: Entry[] = [first, second];
    const admission = admissionOver(entries);
    admission.decide('backup', first.request);
    entries.shift();
    expect(admission.decide('backup', second.request).admitted).toBe(true);
  });

  it('keeps a backup and a restore of one repository apart, and names the other', () => {
    const [backup, restore] = [entry(0, 'backup', 'wide', 'r'), entry(1, 'restore', 'wide', 'r')] as const;
    const admission = admissionOver([backup, restore]);
    expect(admission.decide('backup', backup.request).admitted).toBe(true);
    write(backup);
    expect(admission.decide('restore', restore.request)).toEqual({
      admitted: false,
      ahead: 1,
      reason: 'app/r0 is using the same repository',
    });
  });

  it('keeps two apart that lead to one repository by different classes', () => {
    const [one, other] = [entry(0, 'backup', 'wide', 'r'), entry(1, 'backup', 'narrow', 'r')] as const;
    const admission = admissionOver([one, other]);
    expect(admission.decide('backup', one.request).admitted).toBe(true);
    expect(admission.decide('backup', other.request)).toMatchObject({ admitted: false, ahead: 1 });
    write(one);
    expect(admission.decide('backup', other.request)).toMatchObject({ admitted: false, ahead: 1 });
  });

  it('admits the older of two requests for one repository first, even if the younger comes first', () => {
    const [older, younger] = [entry(0, 'backup', 'wide', 'r'), entry(1, 'backup', 'wide', 'r')] as const;
    const admission = admissionOver([older, younger]);
    expect(admission.decide('backup', younger.request)).toEqual({
      admitted: false,
      ahead: 1,
      reason: 'app/r0 has waited longer for the same repository',
    });
    expect(admission.decide('backup', older.request).admitted).toBe(true);
  });

  it('does not keep a place empty for one that waits for its repository', () => {
    const running = entry(0, 'restore', 'wide', 'r');
    write(running);
    const [waiting, other] = [
      entry(1, 'backup', 'narrow', 'r'),
      entry(2, 'backup', 'narrow', 'free'),
    ] as const;
    const admission = admissionOver([running, waiting, other]);
    expect(admission.decide('backup', waiting.request).admitted).toBe(false);
    expect(admission.decide('backup', other.request).admitted).toBe(true);
  });

  it('reports if another request that has not ended uses a repository', () => {
    const [one, other] = [entry(0, 'backup', 'wide', 'r'), entry(1, 'prune', 'wide', 'r')] as const;
    const admission = admissionOver([one, other]);
    expect(admission.isAwaited('r', other.request.uid)).toBe(true);
    finish(one);
    expect(admission.isAwaited('r', other.request.uid)).toBe(false);
  });

  it('keeps a freed place for the oldest that waits, and names it once', () => {
    const entries = [0, 1, 2].map((index) => entry(index, 'backup', 'narrow', `r${String(index)}`));
    const admission = admissionOver(entries);
    const [first, second, third] = entries as [Entry, Entry, Entry];
    admission.decide('backup', first.request);
    write(first);
    admission.settle();
    admission.offers.length = 0;
    finish(first);
    admission.settle();
    admission.settle();
    expect(admission.offers).toEqual([second.object.metadata.name]);
    expect(admission.decide('backup', third.request).admitted).toBe(false);
    expect(admission.decide('backup', second.request).admitted).toBe(true);
  });

  it('passes a reserved slot to the next request if the pass it was reserved for does not use it', async () => {
    const entries = [0, 1, 2].map((index) => entry(index, 'backup', 'narrow', `r${String(index)}`));
    const admission = admissionOver(entries);
    const [first, second, third] = entries as [Entry, Entry, Entry];
    admission.decide('backup', first.request);
    write(first);
    finish(first);
    admission.settle();
    await admission.during(second.request.uid, () => Promise.resolve());
    admission.settle();
    expect([second, third].map(({ request }) => admission.hasSlot(request.uid))).toEqual([false, true]);
  });

  it('returns the requests at the head of a line that has moved, once', () => {
    const entries = [0, 1, 2].map((index) => entry(index, 'backup', 'narrow', `r${String(index)}`));
    const admission = admissionOver(entries);
    admission.decide('backup', entries[0]!.request);
    expect(admission.takeFronts().map(({ key }) => key.name)).toEqual(['r1', 'r2']);
    expect(admission.takeFronts()).toEqual([]);
  });

  it('does not count one that is being canceled', () => {
    const [older, younger] = [entry(0, 'backup', 'narrow', 'a'), entry(1, 'backup', 'narrow', 'b')] as const;
    older.object.spec = { cancel: true };
    expect(admissionOver([older, younger]).decide('backup', younger.request).admitted).toBe(true);
  });

  describe('per node', () => {
    const onNode = (index: number, node: string | undefined, className = 'spread'): Entry =>
      entry(index, 'backup', className, `repository-${String(index)}`, node);
    const running = (one: Entry): Entry => {
      write(one);
      return one;
    };

    it('grants as many slots on one node as the class allows, oldest first', () => {
      const all = [0, 1, 2, 3].map((index) => onNode(index, 'n1'));
      const admission = admissionOver(all);
      expect(all.map(({ request }) => admission.decide('backup', request))).toEqual([
        { admitted: true },
        { admitted: true },
        { admitted: false, ahead: 0, reason: '2 of 2 slots on node n1 are in use' },
        { admitted: false, ahead: 1, reason: '2 of 2 slots on node n1 are in use' },
      ]);
    });

    it('counts those of other classes too', () => {
      const wide = [0, 1].map((index) => running(onNode(index, 'n1', 'wide')));
      const one = onNode(2, 'n1');
      expect(admissionOver([...wide, one]).decide('backup', one.request)).toMatchObject({
        reason: '2 of 2 slots on node n1 are in use',
      });
    });

    it('keeps backups and restores apart', () => {
      const backups = [0, 1].map((index) => running(onNode(index, 'n1')));
      const restore = entry(2, 'restore', 'spread', 'r', 'n1');
      expect(admissionOver([...backups, restore]).decide('restore', restore.request)).toEqual({
        admitted: true,
      });
    });

    it('does not block requests for other nodes if one waits for its node', () => {
      const full = [0, 1].map((index) => running(onNode(index, 'n1')));
      const [waiting, other] = [onNode(2, 'n1'), onNode(3, 'n2')] as const;
      const admission = admissionOver([...full, waiting, other]);
      expect(admission.decide('backup', other.request)).toEqual({ admitted: true });
    });

    it('admits a request with an unknown node while any node has a free slot', () => {
      const some = [onNode(0, 'n1'), onNode(1, 'n1'), onNode(2, undefined)].map(running);
      const [next, last] = [onNode(3, undefined), onNode(4, undefined)] as const;
      const admission = admissionOver([...some, next, last]);
      expect(admission.decide('backup', next.request)).toEqual({ admitted: true });
      expect(admission.decide('backup', last.request)).toEqual({
        admitted: false,
        ahead: 0,
        reason: '4 of 4 slots on all nodes together are in use',
      });
    });

    it.each(['Completed', 'Failed', 'Canceled'])('frees the place of one that is %s', (phase) => {
      const [first, second] = [0, 1].map((index) => running(onNode(index, 'n1'))) as [Entry, Entry];
      const third = onNode(2, 'n1');
      const admission = admissionOver([first, second, third]);
      expect(admission.decide('backup', third.request).admitted).toBe(false);
      first.object.status = { ...first.object.status, phase };
      expect(admission.decide('backup', third.request).admitted).toBe(true);
    });

    it('frees the place of one that was deleted', () => {
      const all = [0, 1].map((index) => running(onNode(index, 'n1')));
      const third = onNode(2, 'n1');
      all.push(third);
      const admission = admissionOver(all);
      all.shift();
      expect(admission.decide('backup', third.request).admitted).toBe(true);
    });
  });

  it('keeps its guarantees in every order of events', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom<Kind>('backup', 'restore'),
            className: fc.constantFrom('narrow', 'wide', 'spread'),
            node: fc.constantFrom('n1', 'n2', undefined),
            repository: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        fc.array(
          fc.record({
            event: fc.constantFrom('ask', 'ask', 'ask', 'see', 'lose', 'finish', 'restart'),
            index: fc.nat(11),
          }),
          { maxLength: 80 },
        ),
        (shapes, events) => {
          play(
            shapes.map(({ kind, className, repository, node }, index) =>
              entry(index, kind, className, repository, node),
            ),
            events,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('places and waiting requests', () => {
  const shapes = fc.array(
    fc.record({
      kind: fc.constantFrom<Kind>('backup', 'restore', 'delete'),
      className: fc.constantFrom('narrow', 'wide', 'spread'),
      node: fc.constantFrom('n1', 'n2', undefined),
      repository: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    }),
    { minLength: 1, maxLength: 14 },
  );
  const steps = fc.array(
    fc.record({
      event: fc.constantFrom(
        'ask',
        'ask',
        'see',
        'finish',
        'finish',
        'cancel',
        'pause',
        'delete',
        'widen',
        'narrow',
      ),
      index: fc.nat(13),
    }),
    { maxLength: 60 },
  );

  it('are never left unmatched after a settled pass, in any history', () => {
    fc.assert(
      fc.property(shapes, steps, (all, events) => {
        const entries = all.map(({ kind, className, repository, node }, index) =>
          entry(index, kind, className, repository, node),
        );
        const history = createHistory(entries);
        for (const { event, index } of [{ event: 'ask', index: 0 }, ...events]) {
          history.play(event, index);
          expect(history.stuck()).toEqual([]);
          expect(history.holders()).toEqual(history.expected());
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** A history of requests, with the simplest possible admission as reference: it checks all requests after every event. */
function createHistory(entries: Entry[]) {
  const limitsNow = structuredClone(LIMITS) as Record<string, Limits>;
  const admission = admissionOver(entries, limitsNow);
  const model = new Set<Entry>();
  const unseen = new Set<Entry>();
  const status = ({ object }: Entry) => object.status;
  const waits = (e: Entry): boolean => status(e).phase === 'Queued' && e.object.spec.cancel !== true;
  const inOrder = (): Entry[] => entries.toSorted((a, b) => (a.request.uid < b.request.uid ? -1 : 1));

  const fits = (one: Entry): boolean => fitsBeside(one, [...model], limitsNow[one.request.pool]!);

  /** Returns true if its repository is neither in use nor requested by an older request. */
  function isNext(one: Entry): boolean {
    const rivals = inOrder().filter(({ request }) => request.mutex === one.request.mutex);
    if (rivals.some((rival) => model.has(rival))) return false;
    return rivals.find((rival) => waits(rival)) === one;
  }

  function settleModel(): void {
    for (const e of model) {
      const isThere = entries.includes(e) && status(e).phase !== 'Completed';
      if (!isThere || !(status(e).admittedAt !== undefined || unseen.has(e) || waits(e))) model.delete(e);
    }
    for (const e of inOrder()) if (waits(e) && !model.has(e) && isNext(e) && fits(e)) model.add(e);
  }

  const events: Record<string, (one: Entry) => void> = {
    ask(one) {
      if (!waits(one) || unseen.has(one)) return;
      if (admission.decide(one.kind, one.request).admitted) unseen.add(one);
    },
    see(one) {
      if (unseen.delete(one)) write(one);
    },
    finish(one) {
      if (status(one).admittedAt !== undefined) finish(one);
    },
    cancel(one) {
      if (!unseen.has(one)) one.object.spec = { cancel: true };
    },
    pause(one) {
      if (status(one).admittedAt === undefined) return;
      const { admittedAt: _, ...rest } = status(one);
      one.object.status = { ...rest, phase: rest.phase === 'Completed' ? 'Completed' : 'Queued' };
    },
    delete(one) {
      unseen.delete(one);
      entries.splice(entries.indexOf(one), 1);
    },
    widen: () => setLimit(3),
    narrow: () => setLimit(1),
  };

  function setLimit(count: number): void {
    Object.assign(limitsNow.narrow!, { backups: count, restores: count, deletes: count, prunes: count });
    admission.boundsChanged();
  }

  return {
    play(event: string, index: number): void {
      const one = entries[index % Math.max(1, entries.length)];
      if (one !== undefined) events[event]?.(one);
      admission.settle();
      settleModel();
    },
    /** Names of requests that wait although nothing blocks them. */
    stuck: (): string[] =>
      inOrder()
        .filter((e) => waits(e) && !admission.hasSlot(e.request.uid) && isNext(e) && fits(e))
        .map(({ request }) => request.uid),
    holders: (): string[] =>
      inOrder()
        .filter(({ request }) => admission.hasSlot(request.uid))
        .map(({ request }) => request.uid),
    expected: (): string[] =>
      inOrder()
        .filter((e) => model.has(e))
        .map(({ request }) => request.uid),
  };
}

/** Returns true if the limits allow the request in addition to those that are admitted. */
function fitsBeside(one: Entry, admitted: readonly Entry[], limit: Limits): boolean {
  const sameKind = admitted.filter(({ kind }) => kind === one.kind);
  const ofClass = sameKind.filter(({ request }) => request.pool === one.request.pool).length;
  const { node } = one.request;
  const there = sameKind.filter(({ request }) => node === undefined || request.node === node).length;
  const perNode = one.kind === 'delete' ? Infinity : limit.perNode * (node === undefined ? NODES : 1);
  return ofClass < limit.atOnce && there < perNode;
}

/** Plays the events (ask, see, lose, finish, restart) and checks after each admission whether it was allowed. */
function play(entries: Entry[], events: readonly { event: string; index: number }[]): void {
  let admission = admissionOver(entries);
  /** Admitted, but not in the cache yet. */
  const unseen = new Set<Entry>();
  const isRunning = (e: Entry): boolean =>
    unseen.has(e) || (e.object.status.admittedAt !== undefined && e.object.status.phase !== 'Completed');
  const isWaiting = (e: Entry): boolean => e.object.status.phase === 'Queued' && !unseen.has(e);
  const ask = (e: Entry): boolean => {
    if (!isWaiting(e) || !admission.decide(e.kind, e.request).admitted) return false;
    unseen.add(e);
    const turn = (one: Entry): number => admission.offers.lastIndexOf(one.object.metadata.name);
    // If a class allows more per node, it may have used that after this request got its slot.
    const wasRunning = (one: Entry): boolean => isRunning(one) && turn(one) <= turn(e);
    checkAdmission(entries, e, { isRunning: wasRunning, isWaiting });
    return true;
  };

  for (const { event, index } of events) {
    const one = entries[index % entries.length] as Entry;
    if (event === 'ask') ask(one);
    if (event === 'see' && unseen.delete(one)) write(one);
    // Its status could not be written: it has no slot and requests one again.
    if (event === 'lose') unseen.delete(one);
    if (event === 'finish' && isRunning(one) && !unseen.has(one)) finish(one);
    if (event === 'restart') {
      for (const e of unseen) write(e);
      unseen.clear();
      admission = admissionOver(entries);
    }
  }

  // In the end every request gets a slot.
  admission = admissionOver(entries);
  for (const e of unseen) write(e);
  unseen.clear();
  for (let round = 0; round <= entries.length; round++) {
    entries.filter(isRunning).forEach(finish);
    for (const e of entries.toReversed()) if (ask(e)) write(e);
    unseen.clear();
  }
  expect(entries.filter(isWaiting)).toEqual([]);
}

function checkAdmission(
  entries: readonly Entry[],
  admitted: Entry,
  { isRunning, isWaiting }: Record<'isRunning' | 'isWaiting', (e: Entry) => boolean>,
): void {
  const { pool: className, mutex: repository, node } = admitted.request;
  const { atOnce: limit, perNode: backupsPerNode } = LIMITS[className]!;
  const running = entries.filter(isRunning);
  const busy = new Set(running.map(({ request }) => request.mutex));
  const peers = (e: Entry): boolean => e.kind === admitted.kind && e.request.pool === className;
  const older = entries.slice(0, entries.indexOf(admitted)).filter(isWaiting);
  expect(running.filter((e) => e.request.mutex === repository)).toEqual([admitted]);
  const slots = running.filter(peers).length;
  expect(slots).toBeLessThanOrEqual(limit);
  const sameKind = running.filter((e) => e.kind === admitted.kind);
  const there = sameKind.filter(({ request }) => node === undefined || request.node === node).length;
  expect(there).toBeLessThanOrEqual(backupsPerNode * (node === undefined ? NODES : 1));
  // Older requests that nothing blocks have a slot as well.
  const ableToGo = older
    .filter(peers)
    .filter(({ request }) => !busy.has(request.mutex))
    .filter((e) => older.find(({ request }) => request.mutex === e.request.mutex) === e)
    .filter(({ request }) => request.node === node);
  expect(slots + ableToGo.length).toBeLessThanOrEqual(limit);
  expect(older.filter(({ request }) => request.mutex === repository)).toEqual([]);
}
