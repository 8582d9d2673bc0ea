import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './generated-file.ts';

/** Checks that pages, sections and decisions exist if comments and pages refer to them. */

const tracked = execFileSync('git', ['ls-files', '*.ts', '*.js', '*.md', '*.yaml', '*.sh', 'Makefile'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !file.endsWith('/references.test.ts') && existsSync(join(ROOT, file)));

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const pages = tracked.filter((file) => file.endsWith('.md'));
const decisions = readdirSync(join(ROOT, 'docs/adr')).filter((name) => /^[0-9]{4}-/.test(name));

/** Returns the anchor of a heading, as a Markdown renderer computes it. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

function anchorsIn(file: string): string[] {
  const prose = read(file).replaceAll(/^```.*?^```/gms, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** Returns the problem with a link of a page; undefined if its target exists. */
function problemOf(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(ROOT, file))) return `${page}: ${link} does not exist`;
  if (anchor === undefined || !file.endsWith('.md') || anchorsIn(file).includes(anchor)) return undefined;
  return `${page}: ${file} has no section ${anchor}`;
}

describe('the target exists for', () => {
  it('links of pages', () => {
    const problems = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => problemOf(page, link)),
    );
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('pages that are named in code', () => {
    const missing = tracked.flatMap((file) =>
      [...read(file).matchAll(/\bdocs\/[A-Za-z0-9_./-]+\.md\b/g)]
        .map(([path]) => path)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${file}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('decisions, which have one number each', () => {
    const numbers = decisions.map((name) => Number(name.slice(0, 4)));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const cited = tracked.flatMap((file) =>
      [...read(file).matchAll(/\bADR ([0-9]+)|docs\/adr\/([0-9]{4})|\b(decision [0-9]+)/g)].map(
        ([text, one, other]) => ({ file, text, number: Number(one ?? other) }),
      ),
    );
    expect(cited.filter(({ number }) => !numbers.includes(number))).toEqual([]);
  });
});
