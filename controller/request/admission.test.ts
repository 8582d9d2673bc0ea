import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createAdmission, type AdmissionRequest, type Candidate } from './admission.ts';

type Kind = 'backup' | 'restore' | 'delete' | 'prune';

/** What the API server holds of a request, and what this test knows about it. */
interface Entry {
  kind: Kind;
  request: AdmissionRequest;
  object: Candidate;
}

const LIMITS: Readonly<Record<string, number>> = { narrow: 1, wide: 3 };

function entry(index: number, kind: Kind, className: string, repository: string): Entry {
  const uid = `uid-${String(index).padStart(3, '0')}`;
  return {
    kind,
    request: { uid, className, limit: LIMITS[className] ?? 1, repository },
    object: {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: kind === 'backup' ? 'DataMoverBackup' : 'DataMoverRestore',
      metadata: {
        namespace: 'app',
        name: `r${String(index)}`,
        uid,
        // Several in one second, as when Velero makes them.
        creationTimestamp: `2026-01-01T00:00:${String(Math.floor(index / 3)).padStart(2, '0')}Z`,
      },
      spec: {},
      status: { phase: 'Queued', dataMoverClass: className, repositoryPath: repository },
    },
  };
}

function admissionOver(entries: readonly Entry[]) {
  const list = (kind: Kind) => () => entries.filter((e) => e.kind === kind).map(({ object }) => object);
  return createAdmission({
    backup: list('backup'),
    restore: list('restore'),
    delete: list('delete'),
    prune: list('prune'),
  });
}

const write = ({ object }: Entry): void => {
  object.status = { ...object.status, phase: 'Moving', admittedAt: '2026-01-01T01:00:00Z' };
};
const finish = ({ object }: Entry): void => {
  object.status = { ...object.status, phase: 'Completed' };
};

describe('admission', () => {
  it('gives places up to the limit, the oldest first, and says how many are ahead', () => {
    const entries = [0, 1, 2].map((index) => entry(index, 'backup', 'narrow', `repository-${String(index)}`));
    const admission = admissionOver(entries);
    const [oldest, middle, youngest] = entries as [Entry, Entry, Entry];
    expect(admission.decide('backup', youngest.request)).toEqual({
      admitted: false,
      ahead: 2,
      reason: '0 of 1 places of DataMoverClass narrow are taken',
    });
    expect(admission.decide('backup', oldest.request)).toEqual({ admitted: true });
    expect(admission.decide('backup', middle.request)).toEqual({
      admitted: false,
      ahead: 0,
      reason: '1 of 1 places of DataMoverClass narrow are taken',
    });
  });

  it('gives a place again to the one that could not write it down', () => {
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

  it('lets the older of two for one repository go first, whoever asks first', () => {
    const [older, younger] = [entry(0, 'backup', 'wide', 'r'), entry(1, 'backup', 'wide', 'r')] as const;
    const admission = admissionOver([older, younger]);
    expect(admission.decide('backup', younger.request)).toEqual({
      admitted: false,
      ahead: 1,
      reason: 'app/r0 waits longer for the same repository',
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

  it('does not count one that is being canceled', () => {
    const [older, younger] = [entry(0, 'backup', 'narrow', 'a'), entry(1, 'backup', 'narrow', 'b')] as const;
    older.object.spec = { cancel: true };
    expect(admissionOver([older, younger]).decide('backup', younger.request).admitted).toBe(true);
  });

  it('holds its promises in every order of events', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom<Kind>('backup', 'restore'),
            className: fc.constantFrom('narrow', 'wide'),
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
            shapes.map(({ kind, className, repository }, index) => entry(index, kind, className, repository)),
            events,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Asks, loses, finishes and restarts as told, and looks after each admission whether it was allowed. */
function play(entries: Entry[], events: readonly { event: string; index: number }[]): void {
  let admission = admissionOver(entries);
  /** Admitted, but the cache does not show it yet. */
  const unseen = new Set<Entry>();
  const isRunning = (e: Entry): boolean =>
    unseen.has(e) || (e.object.status?.admittedAt !== undefined && e.object.status.phase !== 'Completed');
  const isWaiting = (e: Entry): boolean => e.object.status?.phase === 'Queued' && !unseen.has(e);
  const ask = (e: Entry): boolean => {
    if (!isWaiting(e) || !admission.decide(e.kind, e.request).admitted) return false;
    unseen.add(e);
    checkAdmission(entries, e, { isRunning, isWaiting });
    return true;
  };

  for (const { event, index } of events) {
    const one = entries[index % entries.length] as Entry;
    if (event === 'ask') ask(one);
    if (event === 'see' && unseen.delete(one)) write(one);
    // Its status could not be written: it has no place, and asks again.
    if (event === 'lose') unseen.delete(one);
    if (event === 'finish' && isRunning(one) && !unseen.has(one)) finish(one);
    if (event === 'restart') {
      for (const e of unseen) write(e);
      unseen.clear();
      admission = admissionOver(entries);
    }
  }

  // Whatever happened, everybody gets a place in the end.
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
  const { className, limit, repository } = admitted.request;
  const running = entries.filter(isRunning);
  const busy = new Set(running.map(({ request }) => request.repository));
  const peers = (e: Entry): boolean => e.kind === admitted.kind && e.request.className === className;
  const older = entries.slice(0, entries.indexOf(admitted)).filter(isWaiting);
  expect(running.filter((e) => e.request.repository === repository)).toEqual([admitted]);
  const places = running.filter(peers).length;
  expect(places).toBeLessThanOrEqual(limit);
  // Those that are older and could go have a place as well.
  const ableToGo = older.filter(peers).filter(({ request }) => !busy.has(request.repository));
  expect(places + ableToGo.length).toBeLessThanOrEqual(limit);
  expect(older.filter(({ request }) => request.repository === repository)).toEqual([]);
}
