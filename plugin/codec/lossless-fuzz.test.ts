import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { editItem } from '../velero/item.ts';
import { markMoved, markOf, withoutMark } from '../velero/moved-mark.ts';
import { parseLossless, stringifyLossless } from './lossless-json.ts';

/** What is written equals what was read, for every JSON text; compared by a parser that keeps numbers as text. */

jest.setTimeout(60_000);

/** Parses JSON with numbers as they were written, and keys in sorted order. */
function exactly(text: string): unknown {
  type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
  const reviver: Reviver = (_key, value, { source }) => {
    if (typeof value === 'number') return `number ${String(source)}`;
    if (typeof value === 'string') return `text ${JSON.stringify(value)}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  };
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

const numbers = fc.oneof(
  fc.bigInt().map(String),
  fc.constantFrom('1.0', '-0', '0.10', '1e400', '-1E-400', '9007199254740993', '18446744073709551615', '1e3'),
  fc.stringMatching(/^-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][+-]?\d{1,3})?$/),
);
/** Strings as Go or other writers write them: escaped or not, including lone surrogates. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom(String.raw`"<b>"`, String.raw`"\ud83d"`, String.raw`"\/\u0000"`, '"😀"', '""'),
);
const keys = fc.oneof(
  texts,
  fc.constantFrom('"__proto__"', '"constructor"', '"toString"', '"1"', '"0"', '"annotations"', '"spec"'),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    numbers,
    texts,
    fc.constantFrom('null', 'true', 'false', '[]', '{}', ' [ ] '),
    fc.array(tie('json')).map((items) => `[${items.join(', ')}]`),
    fc.array(fc.tuple(keys, tie('json'))).map(toObject),
  ),
}));

/** Writes an object. For a duplicate key the last one counts, as in Go. */
function toObject(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${key}: ${value}`).join(',')}}`;
}

const item = fc
  .tuple(json, json, json, numbers)
  .map(
    ([status, own, unknown, generation]) =>
      `{"kind":"PersistentVolumeClaim","metadata":{"name":"data","generation":${generation},"own":${own}},` +
      `"spec":{"volumeName":"pv","unknown":${unknown}},"status":${status}}`,
  );

describe('any JSON', () => {
  it('is written as it came', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(exactly(stringifyLossless(parseLossless(text)))).toEqual(exactly(text));
      }),
      { numRuns: 100 },
    );
  });

  it('around a change survives it', () => {
    fc.assert(
      fc.property(item, (text) => {
        const changed = editItem(Buffer.from(text), ({ spec, labels }) => {
          spec.volumeName = 'other';
          labels.added = 'x';
        }).toString();
        const expected = text
          .replace('"volumeName":"pv"', '"volumeName":"other"')
          .replace('"name":"data"', '"labels":{"added":"x"},"name":"data"');
        expect(exactly(changed)).toEqual(exactly(expected));
      }),
      { numRuns: 100 },
    );
  });

  it('is marked and unmarked without a trace', () => {
    fc.assert(
      fc.property(item, (text) => {
        const marked = markMoved(Buffer.from(text), { namespace: 'app', name: 'dmb-1' });
        expect(markOf(marked)).toBe('app/dmb-1');
        expect(exactly(withoutMark(marked)?.toString() ?? '')).toEqual(exactly(text));
      }),
      { numRuns: 100 },
    );
  });

  it('may be nested as deep as Kubernetes allows', () => {
    const depth = 1_000;
    const deep = `{"spec":${'{"a":['.repeat(depth)}1.0${']}'.repeat(depth)}}`;
    expect(editItem(Buffer.from(deep), ({ labels }) => (labels.a = 'b')).toString()).toContain(
      deep.slice(8, -1),
    );
  });
});
