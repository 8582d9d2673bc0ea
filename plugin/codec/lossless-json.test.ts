import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { editJson, objectAt, parseLossless, stringifyLossless } from './lossless-json.ts';

describe('lossless JSON', () => {
  it.each([
    '9007199254740993',
    '-9223372036854775808',
    '18446744073709551615',
    '1.0',
    '1e3',
    '0.1000000000000000055511151231257827',
    '-0',
    '1E400',
  ])('keeps the number %s as it was written', (number) => {
    const text = `{"a":[${number}],"b":{"c":${number}}}`;
    expect(stringifyLossless(parseLossless(text))).toBe(text);
  });

  const number = fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,18})?([eE][+-]?\d{1,3})?$/);
  const small = fc.integer().map(String);
  it('keeps every number as it was written, at any position', () => {
    fc.assert(
      fc.property(number, small, fc.constantFrom('', ' ', '\n\t'), (one, other, space) => {
        const keeps = (text: string): void =>
          expect(stringifyLossless(parseLossless(text.replaceAll(',', `,${space}`)))).toBe(text);
        keeps(one);
        keeps(`[${one}]`);
        keeps(`[${other},${one},${other}]`);
        keeps(`{"a":${other},"b":{"c":${one}},"d":"${other}"}`);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps keys and texts that JavaScript treats specially', () => {
    const text = String.raw`{"__proto__":{"x":1},"constructor":null,"text":"a\u0000b\"\\ü😀\ud800"}`;
    expect(JSON.parse(stringifyLossless(parseLossless(text)))).toEqual(JSON.parse(text));
    expect(stringifyLossless(parseLossless(text))).toContain('"__proto__":{"x":1}');
  });

  it('preserves any JSON that Go can send', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(stringifyLossless(parseLossless(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('changes only the edited fields', () => {
    const before = Buffer.from(
      '{"metadata":{"generation":9007199254740993},"unknown":[{"x":1.50}],"spec":null}',
    );
    const after = editJson(before, (object) => {
      objectAt(objectAt(object, 'metadata'), 'annotations').a = 'b';
      objectAt(object, 'spec').c = 1;
    });
    expect(after.toString()).toBe(
      '{"metadata":{"generation":9007199254740993,"annotations":{"a":"b"}},"unknown":[{"x":1.50}],"spec":{"c":1}}',
    );
  });
});
