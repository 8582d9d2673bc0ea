import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BackupFacts } from '../../controller/movers/mover.ts';
import { readMessages } from '../../controller/movers/restic/messages.ts';
import { lossesOf, provesRestore, savedFacts } from '../../controller/movers/restic/proof.ts';
import { BACKUP_SCRIPT, RESTORE_SCRIPT } from '../../controller/movers/restic/scripts.ts';
import { rootArgument } from '../../controller/restic-repository/root-folder.ts';
import { judgeVerification } from '../../controller/restic-repository/verification.ts';
import { verificationScript } from '../../controller/restic-repository/verification-script.ts';
import { staticBusybox } from '../../hack/cluster/packages.ts';
import { resticBin } from './restic-bin.ts';

/**
 * Any tree of files that goes in comes out entry by entry, or the difference is in the result; and the verification agrees. TREES is how
 * many are tried, 200 by `make test-trees`.
 */

const TREES = Number(process.env['TREES'] ?? 4);
const APPLETS = 'sh find sed awk id timeout sleep stat mktemp mkfifo tr wc cat rm chown chmod touch dd'.split(
  ' ',
);

let restic: string;
let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  restic = join(await resticBin(), 'restic');
}, 600_000);

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'trees-'));
  fs.chmodSync(folder, 0o755);
  fs.mkdirSync(at('bin'));
  for (const applet of APPLETS) fs.symlinkSync(staticBusybox(), at('bin', applet));
  fs.copyFileSync(restic, at('bin', 'restic'));
  fs.chmodSync(at('bin', 'restic'), 0o755);
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

type Kind = 'file' | 'sparse' | 'folder' | 'link' | 'hard link' | 'pipe' | 'device' | 'socket' | 'lost+found';

interface Item {
  kind: Kind;
  name: Uint8Array;
  /** Which of the folders made so far it lies in. */
  parent: number;
  mode: number;
  uid: number;
  content: Uint8Array;
}

/** Any bytes that a name may have. */
const name = fc
  .uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 30 })
  .filter((bytes) => !bytes.includes(0x2f) && !/^\.\.?$/.test(Buffer.from(bytes).toString('latin1')));

const KINDS: readonly Kind[] = [
  'file',
  'sparse',
  'folder',
  'folder',
  'link',
  'hard link',
  'pipe',
  'device',
  'socket',
  'lost+found',
];

const item = fc.record<Item>({
  kind: fc.constantFrom(...KINDS),
  name: fc.oneof(
    name,
    fc.constantFrom('{"message_type":"empty"}', 'snapshot 11111111 saved').map((text) => Buffer.from(text)),
  ),
  parent: fc.nat(),
  mode: fc.constantFrom(0o644, 0o600, 0o755, 0o4755, 0o2770, 0o1777, 0o700),
  uid: fc.constantFrom(0, 1234, 65534),
  content: fc.uint8Array({ maxLength: 2000 }),
});

const tree = fc.record({
  items: fc.array(item, { minLength: 1, maxLength: 40 }),
  root: fc.record({ mode: fc.constantFrom(0o755, 0o700, 0o2775, 0o1777), uid: fc.constantFrom(0, 999) }),
});

const below = (parent: Buffer, child: Uint8Array): Buffer => Buffer.concat([parent, Buffer.from('/'), child]);

interface Planted {
  folders: Buffer[];
  files: Buffer[];
  servers: Server[];
}

/** Of those whose path only Node can spell, the others are made under a plain name and renamed. */
function makeNode(path: Buffer, ...options: string[]): void {
  execFileSync('mknod', [at('volume', 'plain'), ...options]);
  fs.renameSync(at('volume', 'plain'), path);
}

/** How each kind is made. */
const MAKERS: Readonly<Record<Kind, (path: Buffer, made: Planted, item: Item) => void | Promise<void>>> = {
  file(path, { files }, { content }) {
    fs.writeFileSync(path, content);
    files.push(path);
  },
  sparse(path, { files }, { content }) {
    fs.writeFileSync(path, content);
    fs.truncateSync(path, 5_000_000);
    files.push(path);
  },
  folder(path, { folders }) {
    fs.mkdirSync(path);
    folders.push(path);
  },
  'lost+found'(path, { folders }) {
    fs.mkdirSync(path);
    folders.push(path);
  },
  link: (path, _, item) => fs.symlinkSync(Buffer.from(item.name), path),
  'hard link'(path, { files }, { content }) {
    if (files[0] === undefined) fs.writeFileSync(path, content);
    else fs.linkSync(files[0], path);
  },
  pipe: (path) => makeNode(path, 'p'),
  device: (path) => makeNode(path, 'c', '1', '3'),
  async socket(path, { servers }) {
    const server = createServer();
    const before = process.cwd();
    process.chdir(at('volume'));
    await new Promise<void>((resolve) => server.listen('plain', resolve));
    process.chdir(before);
    fs.renameSync(at('volume', 'plain'), path);
    servers.push(server);
  },
};

/** Makes the tree; answers what listens on its sockets. */
async function plant({
  items,
  root,
}: {
  items: Item[];
  root: { mode: number; uid: number };
}): Promise<Server[]> {
  const volume = Buffer.from(at('volume'));
  const made: Planted = { folders: [volume], files: [], servers: [] };
  fs.mkdirSync(volume);
  for (const item of items) {
    const within = made.folders[item.parent % made.folders.length] ?? volume;
    const path = below(within, item.kind === 'lost+found' ? Buffer.from('lost+found') : item.name);
    if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    await MAKERS[item.kind](path, made, item);
    fs.lchownSync(path, item.uid, item.uid);
    if (item.kind !== 'link') fs.chmodSync(path, item.mode);
  }
  fs.chownSync(volume, root.uid, root.uid);
  fs.chmodSync(volume, root.mode);
  return made.servers;
}

/** One line for each entry but sockets, the root included. */
function describeTree(withOwners: boolean): string[] {
  const lines: string[] = [];
  const inodes = new Map<bigint, number>();
  const visit = (path: Buffer, shown: string): void => {
    const stat = fs.lstatSync(path, { bigint: true });
    if (stat.isSocket()) return;
    const first = inodes.get(stat.ino) ?? inodes.size;
    inodes.set(stat.ino, first);
    // The time of the root is kept to the second.
    const time = shown === '' ? stat.mtimeNs / 1_000_000_000n : stat.mtimeNs;
    const owned = withOwners
      ? [stat.mode.toString(8), stat.uid, stat.gid]
      : // Who gives files away loses these.
        [(stat.mode & ~0o6000n).toString(8)];
    lines.push([shown, ...owned, time, ...contentOf(path, stat, first)].join(' '));
    if (!stat.isDirectory()) return;
    const names = fs.readdirSync(path, { encoding: 'buffer' }).sort((a, b) => a.compare(b));
    for (const child of names) visit(below(path, child), `${shown}/${child.toString('latin1')}`);
  };
  visit(Buffer.from(at('volume')), '');
  return lines;
}

function contentOf(path: Buffer, stat: fs.BigIntStats, inode: number): unknown[] {
  if (stat.isDirectory()) return [];
  const link = stat.isSymbolicLink() ? fs.readlinkSync(path, 'latin1') : '';
  const sum = stat.isFile() ? createHash('sha256').update(fs.readFileSync(path)).digest('hex') : '';
  return [stat.size, sum, link, stat.isCharacterDevice() ? stat.rdev : '', inode];
}

function run(script: string, args: string[], uid?: number): { lines: string[]; status: number | null } {
  const scratch = fs.mkdtempSync(at('scratch-'));
  fs.chmodSync(scratch, 0o777);
  const body = script.replaceAll('/data', at('volume'));
  const { stdout, stderr, status } = spawnSync(at('bin', 'sh'), ['-c', body, 'restic', ...args], {
    encoding: 'utf8',
    env: {
      PATH: at('bin'),
      RESTIC_REPOSITORY: at('repository'),
      RESTIC_PASSWORD: 'p',
      RESTIC_CACHE_DIR: join(scratch, 'cache'),
      TMPDIR: scratch,
    },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  return { lines: `${stdout}${stderr}`.split('\n'), status };
}

/** A new volume, with the snapshot on it. */
function bringBack({ snapshotID = '', rootFolder }: BackupFacts, uid?: number) {
  fs.rmSync(at('volume'), { recursive: true });
  fs.mkdirSync(at('volume'));
  if (uid !== undefined)
    for (const path of ['volume', 'repository'])
      execFileSync('chown', ['-R', `${String(uid)}:${String(uid)}`, at(path)]);
  return run(RESTORE_SCRIPT, [snapshotID, rootArgument(rootFolder)], uid);
}

function verify(
  kind: 'backup' | 'restore',
  { snapshotID = '' }: BackupFacts,
  reported: { files?: number; bytes?: number },
) {
  const request = { kind, level: 'Data', isLive: false, snapshotID, reported } as const;
  const { lines } = run(verificationScript(request), [snapshotID, at('volume')]);
  return judgeVerification(
    lines.map((line) => line.replace(`"paths":["${at('volume')}"]`, '"paths":["/data"]')),
    request,
  );
}

type Tree = Parameters<typeof plant>[0];

async function tryOne(planted: Tree, uid?: number): Promise<void> {
  for (const left of ['volume', 'repository']) fs.rmSync(at(left), { recursive: true, force: true });
  const servers = await plant(planted);
  try {
    const before = describeTree(uid === undefined);
    const facts = save(servers.length);
    if (facts.empty === true) expect(before.filter((line) => !/^(\/lost\+found)? /.test(line))).toEqual([]);
    else if (uid === undefined) returnsAsRoot(facts, before);
    else returnsAsUser(facts, before, uid);
  } finally {
    for (const server of servers) server.close();
  }
}

function save(sockets: number): BackupFacts {
  const { lines, status } = run(BACKUP_SCRIPT, ['request=1']);
  expect(status).toBe(0);
  const facts = savedFacts(readMessages(lines));
  expect(facts.notSaved).toBe(sockets > 0 ? `sockets: ${String(sockets)}` : undefined);
  if (facts.empty !== true) expect(verify('backup', facts, facts)).toHaveProperty('facts');
  return facts;
}

function returnsAsRoot(facts: BackupFacts, before: readonly string[]): void {
  const { lines, status } = bringBack(facts);
  const messages = readMessages(lines);
  expect([status, lossesOf(messages)]).toEqual([0, undefined]);
  // The file system's own folder is left out where nothing is in it.
  expect(describeTree(true)).toEqual(before.filter((line) => !line.startsWith('/lost+found 40700 0 0 ')));
  const { files_restored: files = 0, bytes_restored: bytes = 0 } = messages.summary ?? {};
  expect(verify('restore', facts, { files, bytes })).toHaveProperty('facts');
}

/** Owners and devices are lost, and in the result. */
function returnsAsUser(facts: BackupFacts, before: readonly string[], uid: number): void {
  const { lines, status } = bringBack(facts, uid);
  if (status !== 0) expect(provesRestore(lines)).toBe(true);
  const losses = lossesOf(readMessages(lines)) ?? '';
  const after = new Set(describeTree(false).map(withoutInode));
  const isDevice = (line: string): boolean => line.endsWith(' 259');
  const missing = before
    .map(withoutInode)
    .filter((line) => !after.has(line) && !/^(\/lost\+found)? /.test(line));
  expect(missing.filter((line) => !isDevice(line))).toEqual([]);
  expect(missing.length > 0).toBe(losses.includes('devices'));
}

function withoutInode(line: string): string {
  return line.replace(/ [0-9]+$/, '');
}

describe('any tree of files', () => {
  it.each([
    ['root', undefined],
    ['an ordinary user', 65534],
  ])(
    'comes back entry by entry, or the difference is in the result, as %s',
    async (_, uid) => {
      await fc.assert(
        fc.asyncProperty(tree, (planted) => tryOne(planted, uid)),
        { numRuns: TREES },
      );
    },
    60_000 + TREES * 60_000,
  );
});
