import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach } from '@jest/globals';
import { savedFacts } from '../../movers/restic/proof.ts';
import { complaints, readMessages } from '../../movers/restic-repository/transfer/transfer-messages.ts';
import { BACKUP_SCRIPT } from '../../movers/restic/scripts.ts';
import { RESTORE_SCRIPT } from '../../movers/restic-repository/transfer/restore-script.ts';
import type { RootFolder } from '../../movers/mover.ts';
import { rootArgument } from '../../movers/restic-repository/transfer/root-folder.ts';
import { ATTR, ensurePackages, staticBusybox } from '../../hack/cluster/packages.ts';
import { silentProgress } from '../../hack/cluster/progress.ts';
import { withCapabilities } from './capabilities.ts';
import { QUICK_PASSWORD, quickRepository } from './quick-repository.ts';
import { resticBin } from './restic-bin.ts';

/** A volume and a repository, and the scripts of the Restic mover with a real restic in a shell like that of its image. */

export const NOBODY = 65534;

/** What the scripts need of their image. */
const APPLETS =
  'sh find sed awk id timeout sleep stat mktemp mkfifo tr wc cat rm chown chmod touch mkdir base64'.split(
    ' ',
  );

let restic: string;
let folder: string;

export const at = (...names: string[]): string => join(folder, ...names);

/** Registers an empty volume for each test, and the programs of restic's image. */
export function useVolume(): void {
  beforeAll(async () => {
    await ensurePackages(silentProgress, [ATTR], 'no extended attributes can be tried');
    restic = join(await resticBin(), 'restic');
  }, 600_000);

  beforeEach(() => {
    // There attributes are in the order in which Linux checks them: access control lists first.
    folder = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'transfers-'));
    fs.chmodSync(folder, 0o755);
    for (const name of ['bin', 'volume', 'scratch']) fs.mkdirSync(at(name));
    for (const applet of APPLETS) fs.symlinkSync(staticBusybox(), at('bin', applet));
    // Other users may run this copy.
    fs.copyFileSync(restic, at('bin', 'restic'));
    fs.chmodSync(at('bin', 'restic'), 0o755);
    fs.chmodSync(at('scratch'), 0o777);
  });

  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
}

/** Creates an empty repository. */
export const layRepository = (): void => quickRepository(at('repository'));

interface Options {
  uid?: number;
  /** Runs as root with no others. */
  capabilities?: readonly string[];
  password?: string;
}

export function environment({ password = QUICK_PASSWORD }: Options = {}): NodeJS.ProcessEnv {
  return {
    PATH: at('bin'),
    RESTIC_REPOSITORY: at('repository'),
    RESTIC_PASSWORD: password,
    RESTIC_CACHE_DIR: fs.mkdtempSync(at('scratch', 'cache-')),
    RESTIC_PROGRESS_FPS: '5',
    HOME: at('scratch'),
    TMPDIR: at('scratch'),
  };
}

/** Returns the script for a volume at another path than in a pod. */
export const on = (script: string): string[] => ['-c', script.replaceAll('/data', at('volume')), 'restic'];

export function run(
  script: string,
  args: string[],
  options: Options = {},
): { lines: string[]; status: number | null } {
  const env = environment(options);
  if (options.uid !== undefined) fs.chmodSync(env['RESTIC_CACHE_DIR'] ?? '', 0o777);
  const command = [...withCapabilities(options.capabilities), at('bin', 'sh'), ...on(script), ...args];
  const { stdout, stderr, status } = spawnSync('/usr/bin/env', command, {
    encoding: 'utf8',
    env,
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  });
  return { lines: `${stdout}${stderr}`.split('\n'), status };
}

export const backup = (tag = 'request=1', options?: Options, ...more: string[]) =>
  run(BACKUP_SCRIPT, [tag, ...more], options);
export const restore = (id: string, options?: Options, root?: RootFolder) =>
  run(RESTORE_SCRIPT, [id, rootArgument(root)], options);
export const readable = (lines: string[]) => complaints(lines).map(({ quote }) => quote);
export const saved = (result: { lines: string[] }) => savedFacts(readMessages(result.lines));

/** Counts the snapshots in the repository, or its locks. */
export const count = (kind: 'snapshots' | 'locks'): number => fs.readdirSync(at('repository', kind)).length;

export function emptyVolume(): void {
  fs.rmSync(at('volume'), { recursive: true, force: true });
  fs.mkdirSync(at('volume'));
}

/** Makes files accessible to a user other than root. */
export function giveAway(...names: string[]): void {
  for (const name of names) execFileSync('chown', ['-R', `${String(NOBODY)}:${String(NOBODY)}`, at(name)]);
}

export function fill(): void {
  fs.mkdirSync(at('volume', 'shared'));
  fs.writeFileSync(at('volume', 'shared', 'theirs'), 'precious');
  execFileSync('chown', ['-R', '1234:4321', at('volume', 'shared')]);
  fs.chmodSync(at('volume', 'shared'), 0o2770);
  fs.writeFileSync(at('volume', 'secret'), 'x', { mode: 0o600 });
  fs.linkSync(at('volume', 'secret'), at('volume', 'again'));
  fs.symlinkSync('secret', at('volume', 'link'));
  fs.writeFileSync(at('volume', 'a "name"\nof two lines'), 'y');
  fs.closeSync(fs.openSync(at('volume', 'sparse'), 'w'));
  fs.truncateSync(at('volume', 'sparse'), 40_000_000);
  execFileSync('mkfifo', [at('volume', 'pipe')]);
}

/** Returns all metadata and contents of every file, ordered by name. */
export function describeVolume(): string[] {
  return fs
    .readdirSync(at('volume'), { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mode, uid, gid, size, mtimeMs, nlink } = fs.lstatSync(at('volume', name));
      return JSON.stringify({ name, mode, uid, gid, size, mtimeMs, nlink });
    });
}
