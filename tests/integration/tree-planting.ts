import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  accessControlList,
  attributes,
  attributesBelow,
  isOrdinary,
  setAttributes,
  type Attributes,
  type Bearer,
  type Bearing,
} from './attributes.ts';

/** Random trees of files: their contents, how to create them, and how to compare two. */

type Kind =
  'file' | 'sparse' | 'folder' | 'link' | 'hard link' | 'pipe' | 'device' | 'disk' | 'socket' | 'lost+found';

interface Item {
  kind: Kind;
  name: Uint8Array;
  /** Index of the parent among the folders created so far. */
  parent: number;
  mode: number;
  uid: number;
  content: Uint8Array;
  attributes: Attributes;
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
  'disk',
  'socket',
  'lost+found',
];

const mostlyNone = fc.oneof(
  { arbitrary: fc.constant<Attributes>({}), weight: 2 },
  { arbitrary: attributes, weight: 1 },
);

const item = fc.record<Item>({
  kind: fc.constantFrom(...KINDS),
  name: fc.oneof(
    name,
    fc.constantFrom('{"message_type":"empty"}', 'snapshot 11111111 saved').map((text) => Buffer.from(text)),
  ),
  parent: fc.nat(),
  mode: fc.constantFrom(0o644, 0o444, 0o600, 0o755, 0o4755, 0o2770, 0o1777, 0o700),
  uid: fc.constantFrom(0, 1234, 65534),
  content: fc.uint8Array({ maxLength: 2000 }),
  attributes: mostlyNone,
});

export const tree = fc.record({
  items: fc.array(item, { minLength: 1, maxLength: 40 }),
  root: fc.record({
    mode: fc.constantFrom(0o755, 0o700, 0o2775, 0o1777),
    uid: fc.constantFrom(0, 999),
    attributes: mostlyNone,
  }),
});

const below = (parent: Buffer, child: Uint8Array): Buffer => Buffer.concat([parent, Buffer.from('/'), child]);

export interface Tree {
  items: Item[];
  root: { mode: number; uid: number; attributes: Attributes };
}

interface Planted {
  /** The first is the volume. */
  folders: [Buffer, ...Buffer[]];
  files: Buffer[];
  servers: Server[];
}

/** Creates a node with mknod under a plain name and renames it, because only Node.js can spell such a path. */
function makeNode(path: Buffer, { folders: [volume] }: Planted, ...options: string[]): void {
  const plain = join(volume.toString(), 'plain');
  execFileSync('mknod', [plain, ...options]);
  fs.renameSync(plain, path);
}

/** The length of a socket's path is limited, so it is created at the root and renamed. */
async function addSocket(path: Buffer, { servers, folders: [volume] }: Planted): Promise<void> {
  const server = createServer();
  const before = process.cwd();
  process.chdir(volume.toString());
  await new Promise<void>((resolve) => server.listen('plain', resolve));
  process.chdir(before);
  fs.renameSync(join(volume.toString(), 'plain'), path);
  servers.push(server);
}

/** Kinds that may have attributes; sockets are not saved. */
const BEARERS: Readonly<Partial<Record<Kind, Bearer>>> = {
  file: 'file',
  sparse: 'file',
  'hard link': 'file',
  folder: 'folder',
  'lost+found': 'folder',
  link: 'link',
  pipe: 'other',
  device: 'other',
  disk: 'other',
};

/** How to create each kind. */
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
  pipe: (path, made) => makeNode(path, made, 'p'),
  device: (path, made) => makeNode(path, made, 'c', '1', '3'),
  disk: (path, made) => makeNode(path, made, 'b', '7', '9'),
  socket: addSocket,
};

/** Creates the tree; returns the servers of its sockets. */
export async function plant(folder: string, { items, root }: Tree): Promise<Server[]> {
  const volume = Buffer.from(folder);
  const made: Planted = { folders: [volume], files: [], servers: [] };
  const bearings: Bearing[] = [];
  fs.mkdirSync(volume);
  for (const item of items) {
    const within = made.folders[item.parent % made.folders.length] ?? volume;
    const path = below(within, item.kind === 'lost+found' ? Buffer.from('lost+found') : item.name);
    if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    await MAKERS[item.kind](path, made, item);
    fs.lchownSync(path, item.uid, item.uid);
    if (item.kind !== 'link') fs.chmodSync(path, item.mode);
    const bearer = BEARERS[item.kind];
    if (bearer !== undefined) bearings.push({ path, bearer, attributes: item.attributes });
  }
  fs.chownSync(volume, root.uid, root.uid);
  fs.chmodSync(volume, root.mode);
  setAttributes([...bearings, { path: volume, bearer: 'folder', attributes: root.attributes }]);
  return made.servers;
}

/** So many of each kind, and as many empty folders called lost+found. */
const CROWD = `seq -f '%.0f' "$1" > names
sed s/^/folder/ names | xargs mkdir
sed s/^/pipe/ names | xargs mkfifo
sed 's,.*,home&/lost+found,' names | xargs mkdir -p
mkdir -p devices/0
head -n 100 names | while read -r name; do mknod "devices/0/$name" c 1 3; done
for copy in $(seq $(($1 / 100 - 1))); do cp -a devices/0 "devices/$copy"; done
rm names`;

const CROWD_ATTRIBUTES: Attributes = {
  'user.crowd': Buffer.from('of many'),
  'trusted.crowd': Buffer.from('of root'),
  'system.posix_acl_access': accessControlList([6, 4, 4, 4, 0], 4321),
};

/** Creates the crowd in a volume; returns the servers of its sockets, which are one socket with many names. */
export async function plantCrowd(volume: string, count: number): Promise<Server[]> {
  execFileSync('sh', ['-e', '-c', CROWD, 'sh', String(count)], { cwd: volume });
  const made: Planted = { folders: [Buffer.from(volume)], files: [], servers: [] };
  const bearings: Bearing[] = [];
  await addSocket(Buffer.from(join(volume, 'socket')), made);
  for (let i = 0; i < count; i++) {
    const named = (kind: string): string => join(volume, `${kind}${String(i)}`);
    fs.writeFileSync(named('file'), named(''));
    fs.linkSync(named('file'), named('again'));
    fs.symlinkSync(named('file'), named('link'));
    if (i > 0) fs.linkSync(join(volume, 'socket'), named('socket'));
    bearings.push({ path: Buffer.from(named('file')), bearer: 'file', attributes: CROWD_ATTRIBUTES });
  }
  setAttributes(bearings);
  return made.servers;
}

/**
 * Returns one line for each entry but sockets, including the root. Without owners, it also omits hard links and the attributes
 * that only root may set.
 */
export function describeTree(folder: string, withOwners: boolean): string[] {
  const lines: string[] = [];
  const attributesOf = attributesBelow(folder);
  /** By inode: the first of its names. */
  const inodes = new Map<bigint, string>();
  const visit = (path: Buffer, shown: string): void => {
    const stat = fs.lstatSync(path, { bigint: true });
    if (stat.isSocket()) return;
    const first = inodes.get(stat.ino) ?? shown;
    inodes.set(stat.ino, first);
    // The time of the root is kept to the second.
    const time = shown === '' ? stat.mtimeNs / 1_000_000_000n : stat.mtimeNs;
    const owned = withOwners
      ? [stat.mode.toString(8), stat.uid, stat.gid]
      : // A change of owner clears these bits.
        [(stat.mode & ~0o6000n).toString(8)];
    // Those of the root are in no snapshot.
    const all = shown === '' ? [] : (attributesOf.get(path.toString('latin1')) ?? []);
    const borne = all.filter((one) => withOwners || isOrdinary(one));
    lines.push(
      [shown, ...owned, time, ...borne, ...contentOf(path, stat), ...(withOwners ? [first] : [])].join(' '),
    );
    if (!stat.isDirectory()) return;
    const names = fs.readdirSync(path, { encoding: 'buffer' }).sort((a, b) => a.compare(b));
    for (const child of names) visit(below(path, child), `${shown}/${child.toString('latin1')}`);
  };
  visit(Buffer.from(folder), '');
  return lines;
}

function contentOf(path: Buffer, stat: fs.BigIntStats): unknown[] {
  if (stat.isDirectory()) return [];
  const link = stat.isSymbolicLink() ? fs.readlinkSync(path, 'latin1') : '';
  const sum = stat.isFile() ? createHash('sha256').update(fs.readFileSync(path)).digest('hex') : '';
  return [stat.size, sum, link, stat.isCharacterDevice() || stat.isBlockDevice() ? stat.rdev : ''];
}

/**
 * Finds the entries called lost+found: `held` may contain data, `empty` is the number of empty folders. The empty folder of the
 * file system itself is neither.
 */
export function lostAndFound(folder: string): { held: Buffer[]; empty: number } {
  const found = { held: [] as Buffer[], empty: 0 };
  const visit = (path: Buffer, depth: number): void => {
    for (const name of fs.readdirSync(path, { encoding: 'buffer' })) {
      const child = below(path, name);
      const stat = fs.lstatSync(child);
      const isEmpty = stat.isDirectory() && fs.readdirSync(child).length === 0;
      if (name.toString('latin1') !== 'lost+found') {
        if (stat.isDirectory()) visit(child, depth + 1);
      } else if (!isEmpty && !stat.isSocket()) found.held.push(child);
      else if (isEmpty && !isOwn(stat, depth)) found.empty++;
    }
  };
  visit(Buffer.from(folder), 0);
  return found;
}

/** Returns true if the root contains the empty folder of the file system, which no backup contains. */
export function hasOwnFolder(folder: string): boolean {
  const path = join(folder, 'lost+found');
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && isOwn(stat, 0) && fs.readdirSync(path).length === 0;
}

function isOwn({ uid, mode }: fs.Stats, depth: number): boolean {
  return depth === 0 && uid === 0 && [0o700, 0o2770].includes(mode & 0o7777);
}
