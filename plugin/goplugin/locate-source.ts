import { SourceMap, type SourceMapPayload } from 'node:module';
import { getAsset, isSea } from 'node:sea';
import type { LocateSource } from './stack.ts';

/** Under this name hack/build-plugin.ts puts the bundle's source map into the executable. */
const ASSET = 'main.cjs.map';

/**
 * Finds the TypeScript line behind a line of the bundle. The map is read when the first error is told, not before; run
 * from source, positions are right as they are.
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
