import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';

/**
 * No two parts of the code import each other, directly or through others. Imports of types count: whoever reads one of two such
 * parts must read both. A part is a folder; in a folder that has subfolders, each file is a part of its own.
 */

const ROOT = path.join(import.meta.dirname, '../..');
const FOLDERS = [
  'api',
  'telemetry',
  'kube',
  'lifecycle',
  'volumes',
  'movers',
  'controller',
  'plugin',
  'testing',
  'hack',
];

function filesIn(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(folder, file))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
}

const FILES = FOLDERS.flatMap(filesIn);
const PARENTS = new Set(FILES.map((file) => path.posix.dirname(path.posix.dirname(file))));

function partOf(file: string): string {
  const folder = path.posix.dirname(file);
  return PARENTS.has(folder) ? file : folder;
}

/** Returns the parts that each part imports. */
function importsOf(files: readonly string[], read: (file: string) => string): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const imports = graph.get(partOf(file)) ?? new Set();
    graph.set(partOf(file), imports);
    for (const [, target = ''] of read(file).matchAll(/(?:from|import\()\s*'(\.[^']+\.ts)'/g)) {
      const part = partOf(path.posix.join(path.posix.dirname(file), target));
      if (part !== partOf(file)) imports.add(part);
    }
  }
  return graph;
}

function reachable(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string): Set<string> {
  const seen = new Set<string>();
  const open = [start];
  for (let part = open.pop(); part !== undefined; part = open.pop())
    for (const next of graph.get(part) ?? [])
      if (!seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
  return seen;
}

/** Returns the parts of each circle, in one line per circle. */
function circlesIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const reach = new Map([...graph.keys()].map((part) => [part, reachable(graph, part)]));
  const circles = [...graph.keys()]
    .filter((part) => reach.get(part)?.has(part))
    .map((part) =>
      [...graph.keys()].filter((other) => reach.get(part)?.has(other) && reach.get(other)?.has(part)),
    );
  return [...new Set(circles.map((parts) => parts.sort().join(' ↔ ')))].sort();
}

it('finds a circle of types', () => {
  const code: Record<string, string> = {
    'kube/cache/a.ts': "import type { B } from '../client/b.ts';",
    'kube/client/b.ts': "import type { A } from '../cache/a.ts';",
  };
  expect(circlesIn(importsOf(Object.keys(code), (file) => code[file] ?? ''))).toEqual([
    'kube/cache ↔ kube/client',
  ]);
});

it('finds no parts that import each other', () => {
  expect(FILES.length).toBeGreaterThan(300);
  const graph = importsOf(FILES, (file) => readFileSync(path.join(ROOT, file), 'utf8'));
  expect(circlesIn(graph)).toEqual([]);
});
