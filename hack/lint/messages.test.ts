import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { messagesOf, textsIn } from './messages.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the texts in a source', () => {
  it('are all literals of several words, with a gap for each value', () => {
    const source = "f('one', 'two words', `three ${a} words`, `${b}`, x ? 'a b' : `it is ${`c d`}`);";
    expect(textsIn(source)).toEqual(['two words', 'three … words', 'a b', 'it is …', 'c d']);
  });

  it('include no comment and no script of several lines', () => {
    expect(textsIn('// it says so\nconst s = `set -e\nit says so`;')).toEqual([]);
  });
});

it('reads the messages of all rooms', () => {
  const messages = messagesOf(ROOT);
  expect(messages).toContain('reconcile failed; retrying later');
  expect(messages).toContain('the repository was pruned');
});
