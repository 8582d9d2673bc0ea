/**
 * Builds dist/velero-plugin-volume-keys from src/main.ts: one executable that contains Node, since Velero's image has no Node.
 * Velero starts every executable file in its plugin folder, so dist/ must contain no other.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const work = join(import.meta.dirname, 'build');
const program = join(import.meta.dirname, 'dist', 'velero-plugin-volume-keys');

mkdirSync(work, { recursive: true });
mkdirSync(join(program, '..'), { recursive: true });

await build({
  entryPoints: [join(import.meta.dirname, 'src/main.ts')],
  bundle: true,
  platform: 'node',
  // Format of a program inside an executable; it cannot use `await` at top level.
  format: 'cjs',
  target: 'node24',
  outfile: join(work, 'main.cjs'),
  // Optional dependencies, which the plugin does not need.
  external: ['@grpc/proto-loader', 'long'],
  logLevel: 'warning',
});

writeFileSync(
  join(work, 'sea-config.json'),
  JSON.stringify({ main: 'main.cjs', output: 'program.blob', disableExperimentalSEAWarning: true }),
);
const run = (args: string[]): unknown => execFileSync(process.execPath, args, { cwd: work });
run(['--experimental-sea-config', 'sea-config.json']);
copyFileSync(process.execPath, program);
chmodSync(program, 0o755);
// A constant of Node that marks an executable into which a program was injected.
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const postject = join(import.meta.dirname, 'node_modules/postject/dist/cli.js');
run([postject, program, 'NODE_SEA_BLOB', 'program.blob', '--sentinel-fuse', fuse]);
