import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../hack/cluster/exec.ts';
import { withLock } from '../../../hack/cluster/lock.ts';

const sourceDir = join(import.meta.dirname, 'go');

/** The Go plugin for the comparison, alone in a folder as Velero requires, and the driver. */
export interface GoPrograms {
  pluginDir: string;
  driver: string;
}

/** Builds the programs if their sources have changed, and keeps them in the user's cache. */
export async function goPrograms(): Promise<GoPrograms> {
  const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'datamover', 'tools');
  const folder = join(cacheDir, `bench-${sourceHash()}`);
  const programs = { pluginDir: join(folder, 'plugin'), driver: join(folder, 'driver') };
  if (existsSync(programs.driver)) return programs;
  mkdirSync(cacheDir, { recursive: true });
  await withLock(
    folder,
    () => undefined,
    async () => {
      if (!existsSync(programs.driver)) await build(folder);
    },
  );
  return programs;
}

function sourceHash(): string {
  const hash = createHash('sha256').update(process.arch);
  for (const file of globSync('**/*.{go,mod,sum}', { cwd: sourceDir }).sort())
    hash.update(readFileSync(join(sourceDir, file)));
  return hash.digest('hex').slice(0, 12);
}

/** Builds in a temporary folder and moves the complete result into place. */
async function build(folder: string): Promise<void> {
  const unfinished = mkdtempSync(`${folder}.building-`);
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'auto', GOWORK: 'off' };
  const go = async (source: string, output: string): Promise<void> => {
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(unfinished, output), source];
    await run('go', args, { cwd: sourceDir, env });
  };
  try {
    await go('./plugin', 'plugin/velero-plugin-in-go');
    await go('./driver', 'driver');
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
