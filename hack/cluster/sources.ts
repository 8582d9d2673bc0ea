import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns a hash of the source files below some folders (or of single files), so that `up` restarts programs whose sources
 * changed. Tests are ignored.
 */
export function sourcesStamp(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow)) {
    hash.update(path);
    hash.update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Same as `sourcesStamp`, for one of the programs in `doubles/` with all its imports. */
export function doubleStamp(checkout: string, name: string): string {
  const doubles = join(checkout, 'hack/cluster/doubles');
  const shared = readdirSync(doubles).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  return sourcesStamp([
    ...['api', 'kube', 'telemetry', 'package-lock.json'].map((path) => join(checkout, path)),
    ...shared.map((file) => join(doubles, file)),
    join(doubles, name),
  ]);
}

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.test.ts') && !name.includes('node_modules'))
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}
