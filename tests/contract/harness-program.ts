import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../hack/cluster/exec.ts';
import { withLock } from '../../hack/cluster/lock.ts';

/** The minor versions of Velero that the plugin supports, newest first. */
export const veleroVersions = ['1.18', '1.17', '1.16'] as const;
export type VeleroVersion = (typeof veleroVersions)[number];

const sourceDir = join(import.meta.dirname, 'harness');

/** The harness of the older versions contains only the protocol. */
const isNewest = (version: VeleroVersion): boolean => version === veleroVersions[0];
const moduleFile = (version: VeleroVersion): string =>
  isNewest(version) ? 'go.mod' : `velero-${version}.mod`;

/** Returns the program that drives a plugin with Velero's own client code; built once and kept in the user's cache. */
export async function harnessProgram(version: VeleroVersion = veleroVersions[0]): Promise<string> {
  const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'datamover', 'tools');
  const folder = join(cacheDir, `plugin-harness-${version}-${sourceHash(version)}`);
  const program = join(folder, 'harness');
  if (existsSync(program)) return program;
  mkdirSync(cacheDir, { recursive: true });
  // One at a time: the first build compiles what the versions share.
  await withLock(
    join(cacheDir, 'plugin-harness'),
    () => undefined,
    async () => {
      if (!existsSync(program)) await build(folder, version);
    },
  );
  return program;
}

function sourceHash(version: VeleroVersion): string {
  const hash = createHash('sha256').update(process.arch);
  const goFiles = readdirSync(sourceDir).filter((name) => name.endsWith('.go'));
  const mod = moduleFile(version);
  for (const file of [...goFiles.sort(), mod, mod.replace(/mod$/, 'sum')])
    hash.update(readFileSync(join(sourceDir, file)));
  return hash.digest('hex').slice(0, 12);
}

/** Builds in a temporary folder and moves the complete result into place. */
async function build(folder: string, version: VeleroVersion): Promise<void> {
  const unfinished = mkdtempSync(`${folder}.building-`);
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'auto', GOWORK: 'off' };
  try {
    const output = join(unfinished, 'harness');
    const tags = isNewest(version) ? '' : 'protocol';
    const args = [
      'build',
      '-modfile',
      moduleFile(version),
      '-tags',
      tags,
      '-trimpath',
      '-ldflags',
      '-s -w',
      '-o',
      output,
      '.',
    ];
    await run('go', args, { cwd: sourceDir, env });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
