import { build } from 'esbuild';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';

/** Builds the fixture plugin into a plugin folder: a script whose first line names this Node.js. */
export async function buildFixture(dir: string): Promise<string> {
  const outfile = join(dir, 'velero-plugin-fixture');
  await build({
    entryPoints: [join(import.meta.dirname, 'fixture/main.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    outfile,
    banner: { js: `#!${process.execPath}` },
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
  return outfile;
}
