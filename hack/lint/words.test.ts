import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { commentsOf, frequencies, pagesOf } from './words.ts';

/**
 * Words that describe code as if it were a person, or that other projects of the field do not use. A budget is the number of
 * occurrences per 10,000 words. Lower a budget when the text allows it; never raise one.
 */

const ROOT = join(import.meta.dirname, '../..');

const WORDS: Readonly<Record<string, RegExp>> = {
  say: /say|says|said/,
  tell: /tell|tells|told/,
  ask: /ask|asks|asked/,
  go: /goes|went/,
  stand: /stand|stands|stood/,
  nobody: /nobody|somebody/,
  anew: /anew|whoever|meanwhile/,
};

const BUDGETS = {
  comments: { say: 1, tell: 1, ask: 1, go: 1, stand: 1, nobody: 1, anew: 1 },
  pages: { say: 2, tell: 1, ask: 1, go: 1, stand: 1, nobody: 1, anew: 1 },
} as const;

describe.each([
  ['comments', commentsOf(ROOT)],
  ['pages', pagesOf(ROOT)],
] as const)('the words of %s', (where, text) => {
  const found = frequencies(text, WORDS);

  it.each(Object.entries(BUDGETS[where]))('keep within the budget of "%s": %d per 10,000', (word, budget) => {
    expect(found[word]).toBeLessThanOrEqual(budget);
  });
});

describe('the frequencies of words', () => {
  it('count all forms of a word, whatever their case, and no part of another word', () => {
    const text = 'It says. Say it, essay. ' + 'word '.repeat(5);
    expect(frequencies(text, { say: /say|says/ })).toEqual({ say: 2000 });
  });

  it('are zero in an empty text', () => {
    expect(frequencies('', { say: /say/ })).toEqual({ say: 0 });
  });
});

it('reads comments and pages', () => {
  expect(commentsOf(ROOT)).toContain('A budget is the number of');
  expect(pagesOf(ROOT)).toContain('# Glossary');
});
