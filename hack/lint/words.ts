import { globSync, readFileSync } from 'node:fs';

/** Counts words in comments and documentation, per 10,000 words, to measure how plain the English is. */

/** Name of a word → regular expression that matches all of its forms. */
export type Words = Readonly<Record<string, RegExp>>;

/** Returns how often each word occurs in 10,000 words of a text. */
export function frequencies(text: string, words: Words): Record<string, number> {
  const all = text.match(/[A-Za-z']+/g)?.length ?? 0;
  return Object.fromEntries(
    Object.entries(words).map(([name, pattern]) => {
      const count = text.match(new RegExp(`\\b(?:${pattern.source})\\b`, 'gi'))?.length ?? 0;
      return [name, all === 0 ? 0 : (count * 10_000) / all];
    }),
  );
}

/** Returns the comments of all TypeScript files, without generated ones. */
export function commentsOf(root: string): string {
  const files = globSync('**/*.ts', { cwd: root, exclude: (path) => isSkipped(path) });
  return files
    .filter((file) => !file.endsWith('.gen.ts'))
    .flatMap((file) => readFileSync(`${root}/${file}`, 'utf8').split('\n'))
    .filter((line) => /^\s*(\/\/|\/?\*)/.test(line))
    .join('\n');
}

/** Returns the text of all pages, without code and without the page that quotes the titles of tests. */
export function pagesOf(root: string): string {
  const files = globSync('**/*.md', { cwd: root, exclude: (path) => isSkipped(path) });
  return files
    .filter((file) => file !== 'docs/testing.md')
    .map((file) => readFileSync(`${root}/${file}`, 'utf8'))
    .join('\n')
    .replaceAll(/^```.*?^```/gms, '')
    .replaceAll(/`[^`\n]*`/g, '');
}

const SKIPPED = new Set(['node_modules', 'dist', '.run', '.git', 'proto']);

function isSkipped(path: string): boolean {
  return path.split('/').some((part) => SKIPPED.has(part));
}
