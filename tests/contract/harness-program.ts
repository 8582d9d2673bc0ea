import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../hack/cluster/exec.ts';
import { withLock } from '../../hack/cluster/lock.ts';

const sourceDir = join(import.meta.dirname, 'harness');

/** The program that drives a plugin with Velero's own client code; built once and kept in the user's cache. */
export async function harnessProgram(): Promise<string> {
  const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'datamover', 'tools');
  const folder = join(cacheDir, `plugin-harness-${sourceHash()}`);
  const program = join(folder, 'harness');
  if (existsSync(program)) return program;
  mkdirSync(cacheDir, { recursive: true });
  await withLock(
    folder,
    () => undefined,
    async () => {
      if (!existsSync(program)) await build(folder);
    },
  );
  return program;
}

function sourceHash(): string {
  const hash = createHash('sha256').update(process.arch);
  for (const file of readdirSync(sourceDir).sort()) hash.update(readFileSync(join(sourceDir, file)));
  return hash.digest('hex').slice(0, 12);
}

/** Built beside its place and moved there whole. */
async function build(folder: string): Promise<void> {
  const unfinished = mkdtempSync(`${folder}.building-`);
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'auto', GOWORK: 'off' };
  try {
    const output = join(unfinished, 'harness');
    await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', output, '.'], { cwd: sourceDir, env });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
