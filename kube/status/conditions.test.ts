import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Condition } from '../../api/kubernetes/meta.ts';
import { findCondition, isConditionTrue, removeCondition, setCondition } from './conditions.ts';

const t0 = '2026-01-01T00:00:00Z';
const t1 = new Date('2026-01-01T00:01:00.500Z');
const ready = (status: Condition['status'], more: Partial<Condition> = {}) => ({
  type: 'Ready',
  status,
  reason: 'Because',
  message: 'words',
  ...more,
});

describe('setCondition', () => {
  it('appends a new condition with the time of now, in whole seconds', () => {
    expect(setCondition(undefined, ready('True'), t1)).toEqual([
      { ...ready('True'), lastTransitionTime: '2026-01-01T00:01:00Z' },
    ]);
  });

  it('moves the time only when the status changes', () => {
    const first = setCondition([], ready('False'), t0);
    const worded = setCondition(first, ready('False', { reason: 'Other', message: 'new' }), t1);
    expect(worded).toEqual([
      { ...ready('False', { reason: 'Other', message: 'new' }), lastTransitionTime: t0 },
    ]);
    const turned = setCondition(worded, ready('True'), t1);
    expect(turned[0]?.lastTransitionTime).toBe('2026-01-01T00:01:00Z');
  });

  it('keeps an observedGeneration that is not given, and takes one that is', () => {
    const first = setCondition([], ready('True', { observedGeneration: 3 }), t0);
    expect(setCondition(first, ready('True'), t1)[0]?.observedGeneration).toBe(3);
    expect(setCondition(first, ready('True', { observedGeneration: 4 }), t1)[0]?.observedGeneration).toBe(4);
  });

  it('returns the very list when nothing changes', () => {
    const first = setCondition([], ready('True'), t0);
    expect(setCondition(first, ready('True'), t1)).toBe(first);
  });

  it('finds, judges and removes', () => {
    const list = setCondition(
      setCondition([], ready('True'), t0),
      { ...ready('Unknown'), type: 'Bound' },
      t0,
    );
    expect(findCondition(list, 'Bound')?.status).toBe('Unknown');
    expect([
      isConditionTrue(list, 'Ready'),
      isConditionTrue(list, 'Bound'),
      isConditionTrue(list, 'No'),
    ]).toEqual([true, false, false]);
    expect(removeCondition(list, 'Ready').map(({ type }) => type)).toEqual(['Bound']);
    expect(findCondition(undefined, 'Ready')).toBeUndefined();
  });
});

const input = fc.record({
  type: fc.constantFrom('Ready', 'Bound', 'Moved'),
  status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
  reason: fc.constantFrom('A', 'B'),
  message: fc.constantFrom('', 'words'),
});

describe('setCondition, with any conditions in any order', () => {
  it('keeps one condition per type, in the order of first appearance, each as last set', () => {
    fc.assert(
      fc.property(fc.array(input), (inputs) => {
        let list: Condition[] = [];
        inputs.forEach((one, index) => {
          const before = structuredClone(list);
          const frozen = Object.freeze(list.map((condition) => Object.freeze(condition)));
          list = setCondition(frozen, one, Date.parse(t0) + index * 1_000);
          for (const other of before.filter(({ type }) => type !== one.type))
            expect(list).toContainEqual(other);
        });
        expect(list.map(({ type }) => type)).toEqual([...new Set(inputs.map(({ type }) => type))]);
        for (const condition of list)
          expect(inputs.findLast(({ type }) => type === condition.type)).toMatchObject({
            status: condition.status,
            reason: condition.reason,
            message: condition.message,
          });
      }),
    );
  });

  it('dates each condition by the last change of its status', () => {
    fc.assert(
      fc.property(fc.array(input, { minLength: 1 }), (inputs) => {
        const timeAt = (index: number): number => Date.parse(t0) + index * 1_000;
        const list = inputs.reduce<Condition[]>(
          (all, one, index) => setCondition(all, one, timeAt(index)),
          [],
        );
        for (const { type, lastTransitionTime } of list) {
          const own = inputs.map((one, index) => ({ ...one, index })).filter((one) => one.type === type);
          const last = own.findLast((one, at) => at === 0 || own[at - 1]?.status !== one.status);
          expect(Date.parse(lastTransitionTime)).toBe(timeAt(last?.index ?? -1));
        }
      }),
    );
  });
});
