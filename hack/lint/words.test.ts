import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { messagesOf } from './messages.ts';
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

/** Words of messages: a message names an object, what is wrong with it, and the remedy. */
const MESSAGE_WORDS: Readonly<Record<string, RegExp>> = {
  ...WORDS,
  let: /let|lets/,
  'to go': /to go/,
  gone: /is gone|are gone|is there|is not there/,
};

const BUDGETS = {
  comments: { say: 1, tell: 1, ask: 1, go: 1, stand: 1, nobody: 1, anew: 1 },
  pages: { say: 2, tell: 1, ask: 1, go: 1, stand: 1, nobody: 1, anew: 1 },
  messages: { say: 0, tell: 0, ask: 0, go: 0, stand: 0, nobody: 0, anew: 0, let: 0, 'to go': 0, gone: 0 },
} as const;

describe.each([
  ['comments', commentsOf(ROOT), WORDS],
  ['pages', pagesOf(ROOT), WORDS],
  ['messages', messagesOf(ROOT), MESSAGE_WORDS],
] as const)('the words of %s', (where, text, words) => {
  const found = frequencies(text, words);

  it.each(Object.entries(BUDGETS[where]))('keep within the budget of "%s": %d per 10,000', (word, budget) => {
    expect(found[word]).toBeLessThanOrEqual(budget);
  });
});

describe('the frequencies of words', () => {
  it('count all forms of a word in any case, but no part of another word', () => {
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
