import { createHash } from 'node:crypto';
import { RICH } from '../../../testing/conformance/contents.ts';

import type { Place } from './app.ts';
import type { TestCluster } from './cluster.ts';
import { isWhole, readTar, type TarEntry } from './tar.ts';

/** Everything about one path of a volume that a backup must keep. */
export interface Entry {
  type: 'file' | 'folder' | 'symlink' | 'fifo';
  /** Octal, with setuid, setgid and sticky. */
  mode: string;
  uid: number;
  gid: number;
  /** Seconds since 1970. */
  mtime: number;
  size?: number;
  sha256?: string;
  link?: string;
  /** The other names of the same file. */
  hardLinks?: string[];
}

/** By path below the volume's root. The root itself is not included: it belongs to the storage, and no backup contains it. */
export type Manifest = Readonly<Record<string, Entry>>;

/** Reads every path of a folder as a pod sees it, contents included. */
export async function manifestOf(test: TestCluster, pod: Place, folder = '/data'): Promise<Manifest> {
  const entries = readTar(await readArchive(test, pod, folder));
  const files = new Map(entries.filter(({ type }) => type === '0').map((entry) => [pathOf(entry), entry]));
  const names = hardLinkGroups(entries);
  const manifest: Record<string, Entry> = {};
  for (const entry of entries) {
    const path = pathOf(entry);
    if (path === '') continue;
    const file = entry.type === '1' ? files.get(clean(entry.link)) : entry;
    if (file === undefined)
      throw new Error(`${path} is a link to ${entry.link}, which the archive does not hold`);
    const others = (names.get(pathOf(file)) ?? []).filter((name) => name !== path);
    manifest[path] = { ...describe(file), ...(others.length > 0 && { hardLinks: others.sort() }) };
  }
  return manifest;
}

/** kubectl may cut the output of a command off without an error (kubernetes/kubernetes#124571), so this reads up to three times. */
async function readArchive({ exec }: TestCluster, pod: Place, folder: string): Promise<Buffer> {
  for (let attempt = 1; attempt <= 3; attempt++) {
    const archive = await exec(pod, `cd ${folder} && tar -c -f - .`);
    if (isWhole(archive)) return archive;
  }
  throw new Error(`the archive of ${folder} in pod ${pod.namespace}/${pod.name} was cut off three times`);
}

function describe(entry: TarEntry): Entry {
  const { mode, uid, gid, mtime } = entry;
  const common = { mode: mode.toString(8).padStart(4, '0'), uid, gid, mtime };
  switch (entry.type) {
    case '0': {
      const sha256 = createHash('sha256').update(entry.content).digest('hex');
      return { type: 'file', ...common, size: entry.content.length, sha256 };
    }
    case '2':
      return { type: 'symlink', ...common, link: entry.link };
    case '5':
      return { type: 'folder', ...common };
    case '6':
      return { type: 'fifo', ...common };
    default:
      throw new Error(`${entry.path}: unexpected type ${entry.type} in a volume`);
  }
}

/** Returns all names of each file, by the name that the archive stores as a file. */
function hardLinkGroups(entries: readonly TarEntry[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const entry of entries.filter(({ type }) => type === '1')) {
    const target = clean(entry.link);
    groups.set(target, [...(groups.get(target) ?? [target]), pathOf(entry)]);
  }
  return groups;
}

function pathOf({ path }: TarEntry): string {
  return clean(path);
}

function clean(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/$/, '').replace(/^\.$/, '');
}

/** Returns one line for each difference between two manifests; empty if they are equal. */
export function differences(before: Manifest, after: Manifest): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [before[path], after[path]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    return `${JSON.stringify(path)}: was ${words(was)}, is ${words(is)}`;
  });
}

function words(entry: Entry | undefined): string {
  return entry === undefined ? 'not there' : JSON.stringify(entry);
}

/** Everything that is easily lost, with a pipe, the longest possible name, and many files. */
export const RICH_DATA = `
cd /data
${RICH}
echo 'longest' > "$(head -c 255 /dev/zero | tr '\\0' n)"
mkfifo fifo
head -c 9000000 /dev/urandom >> large
mkdir many
i=0
while [ $i -lt 200 ]; do echo "file $i" > many/$i; i=$((i+1)); done
sync
`;
