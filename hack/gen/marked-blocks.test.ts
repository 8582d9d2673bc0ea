import { describe, expect, it } from '@jest/globals';
import { fillBlock, fillBlocks } from './marked-blocks.ts';

const page = (content: string): string =>
  `# Title\n\n<!-- generated: fields -->${content}<!-- end -->\n\ntail`;

describe('fillBlocks', () => {
  it('replaces what is between the marks and nothing else', () => {
    expect(fillBlocks(page('\n\nold\n\n'), { fields: 'new' })).toBe(page('\n\nnew\n\n'));
  });

  it('changes nothing the second time', () => {
    const once = fillBlocks(page(''), { fields: 'new $& $1' });
    expect(once).toContain('new $& $1');
    expect(fillBlocks(once, { fields: 'new $& $1' })).toBe(once);
  });

  it('refuses a block with an unknown name', () => {
    expect(() => fillBlocks(page(''), {})).toThrow('unknown block "fields"');
  });

  it('refuses a page without a block that it should have', () => {
    expect(() => fillBlocks('# Title', { fields: 'x' })).toThrow('the page lacks the block "fields"');
  });
});

describe('fillBlock', () => {
  const two = `${page('\n\nold\n\n')}\n<!-- generated: other -->\n\n| a | b |\n\n<!-- end -->\n`;

  it('leaves the other blocks as they are', () => {
    expect(fillBlock(two, 'fields', 'new')).toBe(two.replace('old', 'new'));
  });

  it('refuses a page without the block', () => {
    expect(() => fillBlock(two, 'nothing', 'x')).toThrow('the page lacks the block "nothing"');
  });
});
