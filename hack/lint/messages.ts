import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** The folders whose text reaches users: status messages, Events, log lines, errors, help of metrics, output of commands. */
const FOLDERS =
  '{api,controller,examples,hack,kube,lifecycle,movers,plugin,telemetry,testing,volumes}/**/*.ts';

/** Tests, generated code, packages, and the lists of these words. */
const SKIPPED = /\.(test|gen)\.ts$|node_modules\/|^hack\/lint\//;

/** Returns the texts of all string literals that have more than one word, without what is quoted in them. */
export function messagesOf(root: string): string {
  return globSync(FOLDERS, { cwd: root })
    .filter((file) => !SKIPPED.test(file))
    .flatMap((file) => textsIn(readFileSync(`${root}/${file}`, 'utf8')))
    .join('\n');
}

/** Returns the texts with more than one word in a source; `${…}` becomes `…`. Scripts for a shell are no messages. */
export function textsIn(source: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined && /[a-z] \S/i.test(text) && !text.includes('\n')) texts.push(text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest));
  return texts;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join('…');
}
