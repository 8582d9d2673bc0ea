import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Kind,
  type Entry,
  type Limits,
  LIMITS,
  NODES,
  entry,
  admissionOver,
  write,
  finish,
} from '../../tests/fakes/admission-entries.ts';

describe('admission', () => {
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
