import { execFileSync, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { savedFacts, snapshotsIn } from '../../movers/restic/proof.ts';
import { lossesOf, provesRestore } from '../../movers/restic-repository/transfer/restore-proof.ts';
import { complaints, readMessages } from '../../movers/restic-repository/transfer/transfer-messages.ts';
import { BACKUP_SCRIPT } from '../../movers/restic/scripts.ts';
import { RESTORER } from '../../movers/restic-repository/transfer/transfer-run.ts';
import { RESTORE_SCRIPT } from '../../movers/restic-repository/transfer/restore-script.ts';
import { diagnose } from '../../movers/restic-repository/log/diagnosis.ts';
import type { RootFolder } from '../../movers/mover.ts';
import { repositoryContext } from '../../movers/restic-repository/access/repository-context.ts';
import { rootArgument } from '../../movers/restic-repository/transfer/root-folder.ts';
import { ATTR, ensurePackages, staticBusybox } from '../../hack/cluster/packages.ts';
import { silentProgress } from '../../hack/cluster/progress.ts';
import { accessControlList, attributesBelow, setAttributes, type Attributes } from './attributes.ts';
import { withCapabilities } from './capabilities.ts';
import { resticBin } from './restic-bin.ts';

/** The scripts of the Restic mover, with a real restic in a shell like that of its image. */

const NOBODY = 65534;

/** What the scripts need of their image. */
const APPLETS =
  'sh find sed awk id timeout sleep stat mktemp mkfifo tr wc cat rm chown chmod touch mkdir base64'.split(
    ' ',
  );

let restic: string;
let folder: string;

const place = repositoryContext('cluster/shop/database', 'velero/restic-config', {
  privileges: '',
  space: '',
});

const at = (...names: string[]): string => join(folder, ...names);

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

interface Options {
  uid?: number;
  /** Runs as root with no others. */
  capabilities?: readonly string[];
  password?: string;
}

function environment({ password = 'p' }: Options = {}): NodeJS.ProcessEnv {
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
const on = (script: string): string[] => ['-c', script.replaceAll('/data', at('volume')), 'restic'];

function run(
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

const backup = (tag = 'request=1', options?: Options, ...more: string[]) =>
  run(BACKUP_SCRIPT, [tag, ...more], options);
const restore = (id: string, options?: Options, root?: RootFolder) =>
  run(RESTORE_SCRIPT, [id, rootArgument(root)], options);
const readable = (lines: string[]) => complaints(lines).map(({ quote }) => quote);
const saved = (result: { lines: string[] }) => savedFacts(readMessages(result.lines));

/** Counts the snapshots in the repository, or its locks. */
const count = (kind: 'snapshots' | 'locks'): number => fs.readdirSync(at('repository', kind)).length;

/** Makes another process create the repository at the moment when ours has saved; its config replaces ours or not. */
function meetAnother(whose: 'its config' | 'our config'): void {
  execFileSync(at('bin', 'restic'), ['init'], {
    env: { ...environment(), RESTIC_REPOSITORY: at('another') },
    stdio: 'ignore',
  });
  fs.renameSync(at('bin', 'restic'), at('bin', 'own-restic'));
  fs.symlinkSync(staticBusybox(), at('bin', 'cp'));
  const meets = [`cp ${at('another', 'keys')}/* ${at('repository', 'keys')}`];
  if (whose === 'its config') meets.push(`cp -f ${at('another', 'config')} ${at('repository', 'config')}`);
  const script = `#!${at('bin', 'sh')}
own-restic "$@" || exit $?
case " $* " in *' backup '*) ${meets.join('; ')};; esac
`;
  fs.writeFileSync(at('bin', 'restic'), script, { mode: 0o755 });
}

function emptyVolume(): void {
  fs.rmSync(at('volume'), { recursive: true, force: true });
  fs.mkdirSync(at('volume'));
}

/** Makes files accessible to a user other than root. */
function giveAway(...names: string[]): void {
  for (const name of names) execFileSync('chown', ['-R', `${String(NOBODY)}:${String(NOBODY)}`, at(name)]);
}

function fill(): void {
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

/** Creates files with attributes: Node.js cannot set them, but GNU tar sets them on what it unpacks. */
function fillWithAttributes(): void {
  fs.writeFileSync(at('scratch', 'labelled'), 'precious');
  const attributes = '--pax-option=SCHILY.xattr.user.origin:=Hamburg,SCHILY.xattr.trusted.seal:=unbroken';
  const archive = execFileSync('tar', ['-C', at('scratch'), '--format=pax', attributes, '-c', 'labelled']);
  execFileSync('tar', ['-C', at('volume'), ...ALL_ATTRIBUTES, '-x'], { input: archive });
}

const ALL_ATTRIBUTES = ['--xattrs', '--xattrs-include=*'];

function attributesOf(name: string): string[] {
  const archive = execFileSync('tar', ['-C', at('volume'), '--format=pax', ...ALL_ATTRIBUTES, '-c', name]);
  const found = archive.toString('latin1').matchAll(/SCHILY\.xattr\.(\S+=\S+)/g);
  return [...found].map(([, attribute = '']) => attribute).sort();
}

const ACCESS_LIST = 'system.posix_acl_access';
/** Without the right to write for the owner. */
const READ_ONLY = accessControlList([5, 4, 4, 4, 0], 1234);

function bear(name: string, attributes: Attributes): void {
  const bearer = fs.statSync(at('volume', name)).isDirectory() ? 'folder' : 'file';
  setAttributes([{ path: Buffer.from(at('volume', name)), bearer, attributes }]);
}

/** Returns all metadata and contents of every file, ordered by name. */
function describeVolume(): string[] {
  return fs
    .readdirSync(at('volume'), { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mode, uid, gid, size, mtimeMs, nlink } = fs.lstatSync(at('volume', name));
      return JSON.stringify({ name, mode, uid, gid, size, mtimeMs, nlink });
    });
}

describe('a backup', () => {
  it('creates the repository, and saves all files under its tag', () => {
    fill();
    const result = backup('request=1', {}, '--tag', 'pvc=data', '--compression=max', '--pack-size=32');
    expect(result.status).toBe(0);
    const { mode, uid, gid, mtimeMs } = fs.statSync(at('volume'));
    const config = execFileSync(at('bin', 'restic'), ['cat', 'config'], {
      env: environment(),
      encoding: 'utf8',
    });
    expect(saved(result)).toEqual({
      repositoryID: (JSON.parse(config) as { id: string }).id,
      rootFolder: {
        mode: (mode & 0o7777).toString(8),
        uid,
        gid,
        time: new Date(Math.floor(mtimeMs / 1000) * 1000).toISOString(),
      },
      snapshotID: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      snapshotTime: expect.stringMatching(/Z$/) as unknown,
      bytes: 40_000_011,
      files: 5,
      uploadedBytes: expect.any(Number) as unknown,
    });
    expect(count('snapshots')).toBe(1);
  });

  it('returns the existing snapshot if it runs again for the same request', () => {
    fill();
    const first = saved(backup());
    expect(saved(backup())).toEqual(first);
    expect(count('snapshots')).toBe(1);
    expect(saved(backup('request=2')).snapshotID).not.toBe(first.snapshotID);
    expect(count('snapshots')).toBe(2);
  });

  it('saves a second snapshot if an earlier pod saved less, and reports both', () => {
    fill();
    const { snapshotID: first } = saved(backup());
    fs.writeFileSync(at('volume', 'later'), 'z');
    const again = backup();
    expect(again.status).toBe(0);
    const { snapshotID: second, files } = saved(again);
    expect(files).toBe(6);
    expect(snapshotsIn(readMessages(again.lines))).toEqual([first, second]);
    expect(saved(backup()).snapshotID).toBe(second);
  });

  it('fails each time for what it cannot read, although an earlier pod has saved the rest', () => {
    fill();
    giveAway('scratch');
    fs.mkdirSync(at('repository'));
    giveAway('repository');
    expect(backup('request=1', { uid: NOBODY }).status).toBe(3);
    expect(count('snapshots')).toBe(1);
    const again = backup('request=1', { uid: NOBODY });
    expect(again.status).toBe(3);
    expect(count('snapshots')).toBe(1);
    expect(snapshotsIn(readMessages(again.lines))).toHaveLength(1);
  });

  it.each([
    ['makes the repository', () => undefined],
    ['finds one', () => void backup('request=0')],
  ])(
    'leaves no lock on SIGTERM, and completes on the next run, if it %s',
    async (_, prepare) => {
      fs.writeFileSync(at('volume', 'small'), 'x');
      prepare();
      const before = fs.existsSync(at('repository')) ? count('snapshots') : 0;
      fs.writeFileSync(at('volume', 'large'), Buffer.alloc(64_000_000, 1));
      execFileSync('dd', ['if=/dev/urandom', `of=${at('volume', 'random')}`, 'bs=1M', 'count=48'], {
        stdio: 'ignore',
      });
      const child = spawn(at('bin', 'sh'), [...on(BACKUP_SCRIPT), 'request=1', '--limit-upload=1024'], {
        env: environment(),
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const hasLock = (): boolean => fs.existsSync(at('repository', 'locks')) && count('locks') > 0;
      while (!hasLock()) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill('SIGTERM');
      await ended;
      expect(count('locks')).toBe(0);
      expect(count('snapshots')).toBe(before);
      expect(backup().status).toBe(0);
      expect(count('snapshots')).toBe(before + 1);
    },
    60_000,
  );

  it.each([
    ['holds nothing', () => undefined],
    ['holds what the file system keeps for itself', () => fs.mkdirSync(at('volume', 'lost+found'), 0o700)],
  ])('reports an empty volume, and creates no repository, if the volume %s', (_, prepare) => {
    prepare();
    const result = backup();
    expect(result.status).toBe(0);
    expect(saved(result)).toMatchObject({ empty: true, bytes: 0, files: 0 });
    expect(fs.existsSync(at('repository'))).toBe(false);
  });

  it('counts attributes of the root folder, which are in no snapshot', () => {
    fill();
    expect(saved(backup())).not.toHaveProperty('notSaved');
    execFileSync('setfattr', ['-n', 'user.a", "value":', '-v', 'x', at('volume')]);
    execFileSync('setfattr', ['-n', 'trusted.b', '-v', 'x', at('volume')]);
    const list = Buffer.from(accessControlList([7, 5, 5, 5, 0], 1234)).toString('hex');
    execFileSync('setfattr', ['-n', 'system.posix_acl_default', '-v', `0x${list}`, at('volume')]);
    expect(saved(backup('request=2')).notSaved).toBe(
      'access control lists of the root folder: 1, extended attributes of the root folder: 2',
    );
  });

  it('reports that restic could not read the attributes of the root folder', () => {
    fill();
    fs.renameSync(at('bin', 'restic'), at('bin', 'own-restic'));
    const script = `#!${at('bin', 'sh')}\n[ "$1" != -r ] || exit 1\nexec own-restic "$@"\n`;
    fs.writeFileSync(at('bin', 'restic'), script, { mode: 0o755 });
    const result = backup();
    expect(result.status).toBe(0);
    expect(saved(result).notSaved).toBe(
      'attributes of the root folder, if it has any: restic could not read them',
    );
  });

  it('treats a volume as empty if it contains nothing that restic saves', async () => {
    const server = createServer();
    const before = process.cwd();
    process.chdir(at('volume'));
    await new Promise<void>((resolve) => server.listen('socket', resolve));
    process.chdir(before);
    const { lines } = backup();
    server.close();
    expect(saved({ lines })).toMatchObject({ empty: true, bytes: 0, files: 0, notSaved: 'sockets: 1' });
  });

  it('names the file that could not be read', () => {
    fill();
    giveAway('scratch');
    fs.mkdirSync(at('repository'));
    giveAway('repository');
    const { lines, status } = backup('request=1', { uid: NOBODY });
    expect(status).toBe(3);
    expect(readable(lines).join('\n')).toMatch(
      /volume\/(secret|again): .*: permission denied \(and 2 more\)/,
    );
  });

  it('never treats a volume that it cannot read as empty', () => {
    fill();
    fs.chmodSync(at('volume'), 0o711);
    const { lines, status } = backup('request=1', { uid: NOBODY });
    expect(status).not.toBe(0);
    expect(lines.join('\n')).toContain('Permission denied');
  });

  it.each(['its config', 'our config'] as const)(
    'fails if another backup creates the repository at the same time and the store keeps %s',
    (whose) => {
      fill();
      meetAnother(whose);
      const { lines, status } = backup();
      expect(status).toBe(1);
      // By how far the other one is: with a key but no config, with its config, or with one that our key does not fit.
      expect(lines.join('\n')).toMatch(/already contains keys|more than one key|is damaged/);
    },
  );

  it('reports RepositoryDamaged if the creation of the repository was interrupted', () => {
    fill();
    backup();
    fs.rmSync(at('repository', 'config'));
    const { lines, status } = backup();
    expect(status).toBe(1);
    expect(diagnose(complaints(lines), { exitCode: status ?? 0 }, place).reason).toBe('RepositoryDamaged');
  });

  it('reports RepositoryDamaged if the key does not match the config', () => {
    fill();
    backup();
    fs.renameSync(at('repository'), at('other'));
    backup();
    fs.chmodSync(at('repository', 'config'), 0o600);
    fs.copyFileSync(at('other', 'config'), at('repository', 'config'));
    const { lines, status } = backup();
    expect(status).not.toBe(0);
    expect(diagnose(complaints(lines), { exitCode: status ?? 0 }, place).reason).toBe('RepositoryDamaged');
  });

  it('exits with the exit code of restic if the password is wrong', () => {
    fill();
    backup();
    expect(backup('request=2', { password: 'q' }).status).toBe(12);
  });
});

describe('a restore', () => {
  it('brings everything back as root', () => {
    fill();
    const { snapshotID = '' } = saved(backup());
    const before = describeVolume();
    emptyVolume();
    const { lines, status } = restore(snapshotID);
    expect(status).toBe(0);
    expect(describeVolume()).toEqual(before);
    expect(fs.statSync(at('volume', 'sparse')).blocks).toBe(0);
    expect(lossesOf(readMessages(lines))).toBeUndefined();
  });

  it('reports the owners that it could not restore if it is not root', () => {
    fill();
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect(status).toBe(0);
    const losses = lossesOf(readMessages(lines));
    expect(losses).toMatch(
      /^owners of 8 \(such as "\/.*"\), extended attributes that an ordinary user may not set/,
    );
    expect(fs.readFileSync(at('volume', 'shared', 'theirs'), 'utf8')).toBe('precious');
  });

  it('restores extended attributes; if it is not root, only those that any user may set', () => {
    fillWithAttributes();
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    expect(restore(snapshotID).status).toBe(0);
    expect(attributesOf('labelled')).toEqual(['trusted.seal=unbroken', 'user.origin=Hamburg']);

    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect(status).toBe(0);
    expect(attributesOf('labelled')).toEqual(['user.origin=Hamburg']);
    expect(lossesOf(readMessages(lines))).toContain('extended attributes that an ordinary user may not set');
    expect(fs.readFileSync(at('volume', 'labelled'), 'utf8')).toBe('precious');
  });

  it('sets all attributes of files that their owner may not write, as an ordinary user', () => {
    for (const [name, mode] of [
      ['file', 0o600],
      ['again', 0o444],
    ] as const) {
      fs.writeFileSync(at('volume', name), 'precious', { mode });
      bear(name, { 'user.origin': Buffer.from('Hamburg'), [ACCESS_LIST]: READ_ONLY });
    }
    fs.mkdirSync(at('volume', 'folder'));
    fs.symlinkSync('../file', at('volume', 'folder', 'link'));
    execFileSync('mkfifo', [at('volume', 'folder', 'pipe')]);
    bear('folder/pipe', { [ACCESS_LIST]: READ_ONLY });
    bear('folder', { 'user.origin': Buffer.from('Bremen'), [ACCESS_LIST]: READ_ONLY });
    giveAway('volume');
    const { snapshotID = '' } = saved(backup());
    const before = [describeVolume(), attributesBelow(at('volume'))];
    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    for (const attempt of ['first', 'second']) {
      const { lines, status } = restore(snapshotID, { uid: NOBODY });
      expect([attempt, status]).toEqual([attempt, 0]);
      expect(lossesOf(readMessages(lines))).toMatch(/^extended attributes that an ordinary user may not set/);
      expect([describeVolume(), attributesBelow(at('volume'))]).toEqual(before);
    }
  });

  it('fails as an ordinary user if a file of another user has the size and time, but not the content', () => {
    const [file, time] = [at('volume', 'file'), new Date('2026-01-01T00:00:00Z')];
    fs.writeFileSync(file, 'precious');
    fs.utimesSync(file, time, time);
    execFileSync('mknod', [at('volume', 'device'), 'c', '1', '3']);
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    fs.writeFileSync(file, 'PRECIOUS', { mode: 0o644 });
    fs.utimesSync(file, time, time);
    fs.chmodSync(at('volume'), 0o777);
    giveAway('repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect([status, provesRestore(lines)]).toEqual([1, false]);
    expect(complaints(lines).map(({ quote }) => quote)).toContainEqual(expect.stringContaining('/file'));
  });

  it('reports attributes that root may not set without SYS_ADMIN, and sets all others', () => {
    for (const name of ['security', 'trusted', 'ordinary']) fs.writeFileSync(at('volume', name), 'precious');
    bear('security', { 'security.ours': Buffer.from('sealed') });
    bear('trusted', { 'trusted.ours': Buffer.from('sealed') });
    bear('ordinary', { 'user.ours': Buffer.from('open'), [ACCESS_LIST]: READ_ONLY });
    const ordinary = attributesBelow(at('volume', 'ordinary'));
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    const { lines, status } = restore(snapshotID, { capabilities: RESTORER });
    expect([status, provesRestore(lines)]).toEqual([1, true]);
    expect(lossesOf(readMessages(lines))).toMatch(
      /^extended attributes of 2 \(such as "\/(security|trusted)"\)$/,
    );
    expect(attributesBelow(at('volume'))).toEqual(ordinary);
    expect(fs.readFileSync(at('volume', 'security'), 'utf8')).toBe('precious');
  });

  it('succeeds with reported losses if only a device could not be created', () => {
    fill();
    execFileSync('mknod', [at('volume', 'device'), 'c', '1', '3']);
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect(status).toBe(1);
    expect(provesRestore(lines)).toBe(true);
    expect(lossesOf(readMessages(lines))).toContain('devices of 1 (such as "/device")');
  });

  it('fails if contents are missing', () => {
    fill();
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    fs.mkdirSync(at('volume', 'secret'));
    fs.writeFileSync(at('volume', 'secret', 'in the way'), '');
    const { lines, status } = restore(snapshotID);
    expect(status).not.toBe(0);
    expect(provesRestore(lines)).toBe(false);
  });

  it('creates no repository, and restores no other snapshot', () => {
    expect(restore('abcdef01').status).toBe(10);
    expect(fs.existsSync(at('repository'))).toBe(false);
    fill();
    backup();
    const { lines, status } = restore('abcdef01');
    expect(status).toBe(1);
    expect(provesRestore(lines)).toBe(false);
    expect(readable(lines).join('\n')).toContain('no matching ID found');
  });
});
