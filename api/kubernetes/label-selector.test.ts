import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchesLabelSelector, parseSelector, SelectorSyntaxError, type Labels } from './label-selector.ts';

describe('parseSelector', () => {
  it.each<[string, Labels, boolean]>([
    ['', {}, true],
    ['  ', { a: '1' }, true],
    ['gold', { gold: '' }, true],
    ['gold', { silver: '' }, false],
    ['!gold', {}, true],
    ['! gold', { gold: 'yes' }, false],
    ['tier=gold', { tier: 'gold' }, true],
    ['tier==gold', { tier: 'gold' }, true],
    ['tier = gold', { tier: 'silver' }, false],
    ['tier=', { tier: '' }, true],
    ['tier=', {}, false],
    ['tier!=gold', {}, true],
    ['tier!=gold', { tier: 'gold' }, false],
    ['tier in (gold,silver)', { tier: 'silver' }, true],
    ['tier in (gold, silver)', { tier: 'lead' }, false],
    ['tier in(gold)', { tier: 'gold' }, true],
    ['tier in (gold,)', { tier: '' }, true],
    ['tier in (gold)', {}, false],
    ['tier notin (gold, silver)', {}, true],
    ['tier notin (gold, silver)', { tier: 'gold' }, false],
    ['size>5', { size: '6' }, true],
    ['size > 5', { size: '5' }, false],
    ['size<5', { size: '4' }, true],
    ['size<5', { size: 'small' }, false],
    ['size<5', {}, false],
    ['app.kubernetes.io/name=shop', { 'app.kubernetes.io/name': 'shop' }, true],
    ['a,b=2,c notin (3)', { a: '', b: '2', c: '4' }, true],
    ['a,b=2,c notin (3)', { a: '', b: '2', c: '3' }, false],
    ['tier in (a,b),!scratch', { tier: 'b' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['constructor', {}, false],
    ['!toString', {}, true],
  ])('%p on %p is %p', (selector, labels, expected) => {
    expect(parseSelector(selector)(labels)).toBe(expected);
  });

  it.each([
    'a,',
    ',a',
    'a b',
    'a=b c',
    'a in ()',
    'a in (b',
    'a in (b c)',
    'a in b',
    'a=-b',
    'a>x',
    '=a',
    '!',
    'UPPER/a',
    'a/b/c',
    'a===b',
  ])('refuses %p', (selector) => {
    expect(() => parseSelector(selector)).toThrow(SelectorSyntaxError);
  });

  it('names the selector, the part that is wrong and what is allowed', () => {
    expect(() => parseSelector('tier=gold,a b')).toThrow(
      /^"tier=gold,a b" is not a label selector: "a b" is none of key, !key, key=value/,
    );
  });

  it('evaluates what it prints: any list of requirements, with any white space', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), someLabels, (requirements, labels) => {
        const selector = requirements.map(({ text }) => text).join(' , ');
        expect(parseSelector(selector)(labels)).toBe(requirements.every(({ holds }) => holds(labels)));
      }),
    );
  });

  it('never fails with anything but its own error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        try {
          parseSelector(text)({});
        } catch (error) {
          expect(error).toBeInstanceOf(SelectorSyntaxError);
        }
      }),
    );
  });
});

describe('matchesLabelSelector', () => {
  const labels = { app: 'shop', tier: 'db' };

  it('matches everything when absent or empty', () => {
    expect(matchesLabelSelector(undefined, labels)).toBe(true);
    expect(matchesLabelSelector({}, {})).toBe(true);
  });

  it.each<[string, Parameters<typeof matchesLabelSelector>[0], boolean]>([
    ['matchLabels that agree', { matchLabels: { app: 'shop' } }, true],
    ['matchLabels that do not', { matchLabels: { app: 'shop', tier: 'web' } }, false],
    ['In', { matchExpressions: [{ key: 'tier', operator: 'In', values: ['db', 'web'] }] }, true],
    ['In, absent', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }, false],
    ['NotIn, absent', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    ['NotIn', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['db'] }] }, false],
    ['Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    ['an operator nobody knows', { matchExpressions: [{ key: 'tier', operator: 'Like' }] }, false],
    [
      'all parts at once',
      { matchLabels: { app: 'shop' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
      false,
    ],
  ])('%s', (_, selector, expected) => {
    expect(matchesLabelSelector(selector, labels)).toBe(expected);
  });
});

interface Sample {
  text: string;
  holds: (labels: Labels) => boolean;
}

const key = fc.constantFrom('a', 'b', 'x.io/c');
const value = fc.constantFrom('1', '2', 'v-3', '');
const space = fc.constantFrom('', ' ', '  ');
const someLabels: fc.Arbitrary<Labels> = fc.dictionary(key, value);

/** A requirement as text, with its meaning written without the code under test. */
const requirement: fc.Arbitrary<Sample> = fc.oneof(
  key.map((k) => sample(k, (labels) => labels[k] !== undefined)),
  fc.tuple(key, space).map(([k, s]) => sample(`!${s}${k}`, (labels) => labels[k] === undefined)),
  fc
    .tuple(key, value, space, fc.constantFrom('=', '=='))
    .map(([k, v, s, sign]) => sample(`${k}${s}${sign}${s}${v}`, (labels) => labels[k] === v)),
  fc.tuple(key, value, space).map(([k, v, s]) => sample(`${k}${s}!=${s}${v}`, (labels) => labels[k] !== v)),
  fc
    .tuple(key, fc.array(fc.constantFrom<string>('1', '2', 'v-3'), { minLength: 1 }), space, fc.boolean())
    .map(([k, values, s, negated]) =>
      sample(
        `${k} ${negated ? 'notin' : 'in'}${s}(${s}${values.join(`,${s}`)}${s})`,
        (labels) => (labels[k] !== undefined && values.includes(labels[k])) !== negated,
      ),
    ),
);

function sample(text: string, holds: Sample['holds']): Sample {
  return { text, holds };
}
