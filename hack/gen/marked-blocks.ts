/**
 * Replaces the generated blocks of a handwritten page:
 *
 *     <!-- generated: fields of spec -->
 *     …
 *     <!-- end -->
 *
 * Throws on an unknown block in the page, and on a block that is missing from the page, so that neither is forgotten.
 */
export function fillBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  const filled = new Set<string>();
  const text = page.replaceAll(BLOCK, (_, name: string) => {
    const content = blocks[name];
    if (content === undefined) {
      throw new Error(`unknown block "${name}"; there are: ${Object.keys(blocks).join(', ')}`);
    }
    filled.add(name);
    return `<!-- generated: ${name} -->\n\n${content.trim()}\n\n<!-- end -->`;
  });
  const missing = Object.keys(blocks).filter((name) => !filled.has(name));
  if (missing.length > 0) {
    throw new Error(
      `the page lacks the block "${missing.join('", "')}"; add the line <!-- generated: ${missing[0] ?? ''} --> and after it <!-- end -->`,
    );
  }
  return text;
}

/** Replaces one block and leaves the other blocks unchanged. Throws if the page has no such block. */
export function fillBlock(page: string, name: string, content: string): string {
  const kept = [...page.matchAll(BLOCK)].map(([, other = '', text = '']) => [other, text] as const);
  return fillBlocks(page, { ...Object.fromEntries(kept), [name]: content });
}

const BLOCK = /<!-- generated: ([^>]*?) -->([\s\S]*?)<!-- end -->/g;
