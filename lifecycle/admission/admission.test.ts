import { describe, expect, it } from '@jest/globals';
import { type Entry, entry, admissionOver, write, finish } from '../../tests/fakes/admission-entries.ts';

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
});
