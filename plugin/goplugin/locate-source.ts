import { SourceMap, type SourceMapPayload } from 'node:module';
import { getAsset, isSea } from 'node:sea';
import type { LocateSource } from './stack.ts';

/** The asset under which hack/build-plugin.ts embeds the bundle's source map in the executable. */
const ASSET = 'main.cjs.map';

/**
 * Returns a function that finds the TypeScript line of a line in the bundle. It reads the map for the first error only. Returns
 * `undefined` if the program runs from source, where positions are already correct.
 */
export function createSourceLocator(): LocateSource | undefined {
  if (!isSea()) return undefined;
  let map: SourceMap | undefined;
  return (line, column) => {
    map ??= new SourceMap(JSON.parse(getAsset(ASSET, 'utf8')) as SourceMapPayload);
    const entry = map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry)) return undefined;
    return { file: entry.originalSource.replace(/^(\.\.\/)+/, ''), line: entry.originalLine + 1 };
  };
}
