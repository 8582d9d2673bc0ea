import { beforeEach, describe, expect, it } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import { createStore, type Store } from '../../../kube/cache/store.ts';
import { TURN } from '../../../kube/runtime/turns.ts';
import { classOf } from '../../../tests/load/load.ts';
import { createMatches, type Matches } from './matches.ts';

let claims: Store<PersistentVolumeClaim>;
let classes: Store<DataMoverClass>;
let matches: Matches;
/** How often all claims were listed. */
let lists: number;

beforeEach(() => {
  claims = createStore();
  classes = createStore();
  lists = 0;
  const list = (): PersistentVolumeClaim[] => (lists++, claims.list());
  matches = createMatches({ classes, claims: { ...claims, list }, volumes: createStore() }, 'velero');
});

function claim(name: string, tier: string): PersistentVolumeClaim {
  const metadata = { namespace: 'app', name, labels: { tier } };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: {} };
}

function put(name: string, tier: string): string[] {
  const { before, after } = claims.set(claim(name, tier));
  return matches.claimChanged(before, after);
}

function setClass(name: string, tier: string): void {
  const found = classOf(name, 1);
  classes.set({ ...found, spec: { ...found.spec, selector: `tier=${tier}` } });
  matches.classesChanged();
}

/** Enough for several turns of the event loop. */
const MANY = 3 * TURN;

describe('the number of claims of a class', () => {
  it('is updated for each changed claim without listing the others', async () => {
    setClass('gold', 'gold');
    setClass('tin', 'tin');
    expect(await matches.of('gold')).toBe(0);
    expect(lists).toBe(1);
    expect(put('a', 'gold')).toEqual(['gold']);
    expect(put('b', 'gold')).toEqual(['gold']);
    expect(put('c', 'wood')).toEqual([]);
    expect(put('a', 'tin')).toEqual(['gold', 'tin']);
    expect([await matches.of('gold'), await matches.of('tin')]).toEqual([1, 1]);
    const { before } = claims.remove('app/b');
    expect(matches.claimChanged(before, undefined)).toEqual(['gold']);
    expect(await matches.of('gold')).toBe(0);
    expect(lists).toBe(1);
  });

  it('is right also if claims and classes change while all are counted', async () => {
    setClass('gold', 'gold');
    for (let index = 0; index < MANY; index++) put(`c${String(index)}`, 'gold');
    const first = matches.of('gold');
    put(`c${String(MANY - 1)}`, 'tin');
    matches.claimChanged(claims.remove(`app/c${String(MANY - 2)}`).before, undefined);
    put('new', 'gold');
    expect(await first).toBe(MANY - 1);
    setClass('tin', 'tin');
    const second = matches.of('tin');
    await new Promise((resolve) => setImmediate(resolve));
    setClass('tin', 'gold');
    setClass('gold', 'wood');
    expect(await second).toBe(MANY - 1);
    expect(await matches.of('gold')).toBe(0);
  });
});
