import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutText } from './cut-text.ts';

describe('a text that is cut', () => {
  it('ends between characters and shows its original length', () => {
    expect(cutText('äöü', 6)).toBe('äöü');
    expect(cutText('äöü', 5)).toBe('äö… (6 bytes)');
    expect(cutText('ab😀', 5)).toBe('ab… (6 bytes)');
  });

  it('is valid Unicode within the limit for any input', () => {
    const note = 24;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(100), (text, max) => {
        // Including lone surrogates.
        const cut = cutText(text.slice(1), max);
        expect(cut.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max + note);
        if (Buffer.byteLength(text.slice(1)) <= max) expect(cut).toBe(text.slice(1).toWellFormed());
      }),
    );
  });
});
