import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readResticLog, savedSnapshotIn } from '../../movers/volsync/restic-log.ts';
import {
  compareVerification,
  type Verified,
} from '../../movers/restic-repository/verification/compare-verification.ts';
import { verificationScript } from '../../movers/restic-repository/verification/script.ts';
import { ATTR, ensurePackages, staticBusybox } from '../../hack/cluster/packages.ts';
import { silentProgress } from '../../hack/cluster/progress.ts';
import { setAttributes } from './attributes.ts';
import { QUICK_PASSWORD, quickRepository } from './quick-repository.ts';
import { resticBin } from './restic-bin.ts';

/** The verification of a transfer, by a real restic in a shell like that of its image, on a volume with all kinds of files. */

let folder: string;
let snapshotID: string;
let saved: Verified['reported'];
let listener: Server;

/** What each test may damage: copies of what is below `pristine`. */
const volume = (): string => join(folder, 'volume');
const repository = (): string => join(folder, 'repository');
const pristine = (name: string): string => join(folder, 'pristine', name);

beforeAll(async () => {
  await ensurePackages(silentProgress, [ATTR], 'no extended attributes can be tried');
  folder = fs.mkdtempSync(join(tmpdir(), 'verify-'));
  for (const name of ['bin', 'pristine', 'pristine/volume', 'volume']) fs.mkdirSync(join(folder, name));
  for (const applet of 'sh dd wc tr find awk sed stat mktemp mkfifo rm'.split(' '))
    fs.symlinkSync(staticBusybox(), join(folder, 'bin', applet));
  fs.symlinkSync(join(await resticBin(), 'restic'), join(folder, 'bin', 'restic'));
  listener = await fill(pristine('volume'));
  copy();
  quickRepository(repository());
  ({ snapshotID, reported: saved } = save());
  fs.renameSync(repository(), pristine('repository'));
}, 600_000);

afterAll(() => {
  listener.close();
  fs.rmSync(folder, { recursive: true });
});

beforeEach(copy);

function copy(): void {
  for (const name of ['volume', 'repository']) {
    fs.rmSync(join(folder, name), { recursive: true, force: true });
    if (fs.existsSync(pristine(name))) execFileSync('cp', ['-a', pristine(name), join(folder, name)]);
  }
}

/** Saves the volume as VolSync does. */
function save(): Pick<Verified, 'snapshotID' | 'reported'> {
  const { lines } = run('restic backup --host volsync --exclude=lost+found .', volume());
  const reported = { ...readResticLog(lines), snapshotTime: new Date().toISOString() };
  return { snapshotID: savedSnapshotIn(lines) ?? '', reported };
}

async function fill(root: string): Promise<Server> {
  fs.mkdirSync(join(root, 'folder', 'empty'), { recursive: true });
  fs.mkdirSync(join(root, 'lost+found'), 0o700);
  fs.writeFileSync(join(root, 'large'), Buffer.alloc(9_000_000, 'precious '));
  fs.writeFileSync(join(root, 'folder', 'small'), 'precious');
  fs.writeFileSync(join(root, 'nothing'), '');
  fs.writeFileSync(join(root, 'a "name"\nof two lines'), 'x');
  fs.linkSync(join(root, 'folder', 'small'), join(root, 'folder', 'again'));
  fs.symlinkSync('small', join(root, 'folder', 'link'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  fs.closeSync(fs.openSync(join(root, 'sparse'), 'w'));
  fs.truncateSync(join(root, 'sparse'), 40_000_000);
  const server = createServer();
  // The length of a socket's path is limited, that of a temporary folder is not.
  const before = process.cwd();
  process.chdir(root);
  await new Promise<void>((resolve) => server.listen('socket', resolve));
  process.chdir(before);
  return server;
}

function run(command: string, cwd: string, ...args: string[]): { lines: string[]; status: number | null } {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', command, 'restic', ...args], {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      RESTIC_REPOSITORY: repository(),
      RESTIC_PASSWORD: QUICK_PASSWORD,
      // Each Job has a cache of its own.
      RESTIC_CACHE_DIR: fs.mkdtempSync(join(folder, 'cache-')),
      RESTIC_PROGRESS_FPS: '0.1',
    },
  });
  return { lines: `${stdout}${stderr}`.split('\n'), status };
}

/** Returns the outcome for the request. */
function check(
  change: Partial<Verified> = {},
  leavesOutLostAndFound = false,
): { facts?: object; difference?: string; failure?: string } {
  const request: Verified = {
    kind: 'backup',
    level: 'Data',
    isLive: false,
    snapshotID,
    reported: saved,
    ...change,
  };
  const { lines, status } = run(
    verificationScript(request, leavesOutLostAndFound),
    '/',
    request.snapshotID,
    volume(),
  );
  if (status !== 0) return { failure: lines.join('\n') };
  // The log must name the path of a mover's volume; ours is elsewhere.
  return compareVerification(
    lines.map((line) => line.replace(`"paths":["${volume()}"]`, '"paths":["/data"]')),
    request,
  );
}

/** Returns a file of the repository that contains data, or one with directories. */
function packOf(size: 'large' | 'small'): string {
  const packs = fs
    .readdirSync(join(repository(), 'data'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(repository(), 'data', name))
    .filter((path) => fs.statSync(path).isFile())
    .sort((a, b) => fs.statSync(b).size - fs.statSync(a).size);
  return packs.at(size === 'large' ? 0 : -1) ?? '';
}

function flipByte(path: string): void {
  fs.chmodSync(path, 0o600);
  const bytes = fs.readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  fs.writeFileSync(path, bytes);
}

/** Sets an attribute of any name on a file of the volume. */
function nameAttribute(file: string, name: string): void {
  setAttributes([
    { path: Buffer.from(join(volume(), file)), bearer: 'file', attributes: { [name]: Buffer.from('x') } },
  ]);
}

const RIGHT = {
  facts: { files: 10, bytes: 49_000_009, repositoryID: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
};

describe('of a backup', () => {
  it('reports the id of the repository', () => {
    const config = run('restic cat config', volume()).lines.join('');
    const { id } = JSON.parse(config) as { id: string };
    expect(check({ level: 'Metadata' })).toMatchObject({ facts: { repositoryID: id } });
  });

  it('finds no problem if the data is intact', () => {
    expect(check()).toEqual(RIGHT);
  });

  it('finds a flipped byte in the store', () => {
    flipByte(packOf('large'));
    expect(check()).toEqual({ failure: expect.stringContaining('verification failed') as unknown });
  });

  it('finds data that is missing in the store', () => {
    fs.rmSync(packOf('large'));
    expect(check()).toEqual({ failure: expect.stringContaining('no such file') as unknown });
  });

  it('finds directories that are missing in the store, without reading the data', () => {
    fs.rmSync(packOf('small'));
    expect(check({ level: 'Metadata' })).toEqual({
      failure: expect.stringContaining('no such file') as unknown,
    });
  });

  it('finds that the snapshot does not exist', () => {
    for (const name of fs.readdirSync(join(repository(), 'snapshots')))
      fs.rmSync(join(repository(), 'snapshots', name));
    expect(check({ level: 'Metadata' })).toEqual({ difference: 'the repository does not contain it' });
  });

  it.each(['lost+found', 'folder/lost+found'])('finds that a mover has left out %s', (name) => {
    fs.mkdirSync(join(volume(), name), { recursive: true });
    fs.writeFileSync(join(volume(), name, 'fragment'), 'precious');
    expect(check().difference).toContain(`/${name}/fragment"`);
  });

  it.each(['lost+found', 'folder/lost+found'])('agrees that a mover leaves out an empty %s', (name) => {
    fs.rmSync(join(volume(), name), { recursive: true, force: true });
    fs.mkdirSync(join(volume(), name));
    expect(check().difference).toContain('the volume contains what is not in it');
    expect(check({}, true)).toEqual(RIGHT);
    fs.writeFileSync(join(volume(), name, 'fragment'), 'precious');
    expect(check({}, true).difference).toContain(`/${name}/fragment"`);
  });

  it('reads back files with attributes that no tar archive can contain', () => {
    const report = '{"message_type":"volume","entries":0,"absent":0}';
    nameAttribute('large', 'user.a=b');
    nameAttribute('nothing', `user.=${report}`);
    nameAttribute('folder', `user.=\n${report}\n`);
    const kept = save();
    expect(check(kept)).toEqual(RIGHT);
    fs.writeFileSync(join(volume(), 'late'), '');
    expect(check(kept).difference).toContain('the volume contains what is not in it');
    flipByte(packOf('large'));
    expect(check(kept)).toEqual({ failure: expect.stringContaining('verification failed') as unknown });
  });

  it('does not compare a volume that is in use', () => {
    fs.writeFileSync(join(volume(), 'late'), '');
    expect(check({ isLive: true })).toEqual(RIGHT);
  });
});

describe('of a restore', () => {
  const reported = { files: 10, bytes: 49_000_009 };
  const differenceAfter = (spoil: (path: (name: string) => string) => void): string | undefined => {
    spoil((name) => join(volume(), name));
    return check({ kind: 'restore', reported }).difference;
  };

  it('finds no problem if the data is intact', () => {
    expect(check({ kind: 'restore', reported })).toEqual(RIGHT);
  });

  it('finds a changed file even if its time and size are unchanged', () => {
    const difference = differenceAfter((path) => {
      const { atime, mtime } = fs.statSync(path('folder/small'));
      fs.writeFileSync(path('folder/small'), 'preciouz');
      fs.utimesSync(path('folder/small'), atime, mtime);
    });
    // One of the two names of the file.
    expect(difference).toMatch(/^"\/folder\/(small|again)" of it differs on the volume$/);
  });

  it('finds a file that is not in the snapshot', () => {
    const difference = differenceAfter((path) => fs.writeFileSync(path('folder/late'), ''));
    expect(difference).toContain('the volume contains what is not in it: ');
    expect(difference).toContain('/folder/late"');
  });

  it('finds that a file is missing, and changes nothing on the volume', () => {
    const listing = (): string => execFileSync('find', [volume(), '-ls'], { encoding: 'utf8' });
    fs.rmSync(join(volume(), 'large'));
    const before = listing();
    expect(differenceAfter(() => undefined)).toBe('"/large" of it differs on the volume');
    expect(listing()).toBe(before);
  });

  it('finds that an empty file, a link, a folder and a pipe are missing', () => {
    const difference = differenceAfter((path) => {
      for (const name of ['nothing', 'folder/link', 'folder/empty', 'pipe'])
        fs.rmSync(path(name), { recursive: true });
    });
    expect(difference).toBe('it contains 10 files and folders, the volume 6');
  });
});
