import { gunzipSync } from 'node:zlib';

/** One file, folder, link or pipe of the volume. */
export interface Entry {
  /** Begins with `./`. Each byte of the name is one character, since a name need not be UTF-8. */
  readonly path: string;
  /** `file`, `folder`, `link`, `pipe` and others. */
  readonly type: string;
  /** Permissions with setuid, setgid and sticky, in octal. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; 0 for a folder, whose size has no meaning. */
  readonly size: number;
  /** With nanoseconds, as the file system stores it. */
  readonly mtime: string;
  /** Allocated space on the disk, in bytes. Holes take none. */
  readonly allocated: number;
  /** Checksum of a file's content, in hexadecimal digits. */
  readonly sha256?: string;
  /** Target of a symbolic link, exactly as stored. */
  readonly linkTarget?: string;
  /** The first name of the file in this volume, if it has several. */
  readonly sameFileAs?: string;
}

/** Every entry of a volume, by path. */
export type Manifest = ReadonlyMap<string, Entry>;

const TYPES: Readonly<Record<number, string>> = {
  0o01: 'pipe',
  0o02: 'character device',
  0o04: 'folder',
  0o06: 'block device',
  0o10: 'file',
  0o12: 'link',
  0o14: 'socket',
};

/**
 * Returns a script that describes every entry of a volume except its root folder, which no snapshot contains. The lists are
 * encoded in base64, since names may contain any byte. The volume does not change while the script runs, so `find` visits it in
 * the same order each time. It uses `-exec`, because `xargs -0` of busybox truncates names in long lists.
 */
export const manifestScript = (mount: string): string => `
cd ${mount}
lists=$(mktemp -d)
find . -mindepth 1 -print0 > "$lists/all"
find . -type f -print0 > "$lists/files"
find . -type l -print0 > "$lists/links"
find . -mindepth 1 -exec stat -c '%f %u %g %s %b %B %i %y' {} + > "$lists/stat"
find . -type f -exec sha256sum {} + > "$lists/sums"
find . -type l -exec sh -c 'for link; do printf "%s\\0" "$(readlink "$link"; echo .)"; done' sh {} + > "$lists/targets"
for name in all stat files sums links targets; do
  gzip -c "$lists/$name" | base64 | tr -d '\\n'
  echo
done
rm -r "$lists"
`;

/** Parses the output of the script. @throws Error if a list does not match the others. */
export function parseManifest(printed: string): Manifest {
  const [all = '', stat = '', files = '', sums = '', links = '', targets = ''] = printed
    .split('\n')
    .map(unpack);
  return manifestOf({ all, stat, files, sums, links, targets });
}

/** Converts each byte into one character, so that no name is altered. */
function unpack(line: string): string {
  return line === '' ? '' : gunzipSync(Buffer.from(line, 'base64')).toString('latin1');
}

/** The lists that the script prints, decoded. */
export interface Lists {
  readonly all: string;
  readonly stat: string;
  readonly files: string;
  readonly sums: string;
  readonly links: string;
  readonly targets: string;
}

/** @throws Error if a list does not match the others. */
export function manifestOf(lists: Lists): Manifest {
  const paths = split(lists.all, '\0');
  const facts = split(lists.stat, '\n');
  if (paths.length !== facts.length)
    throw new Error(`the pod listed ${paths.length} files and described ${facts.length}`);
  const sums = sumsOf(split(lists.files, '\0'), lists.sums);
  const targets = targetsOf(split(lists.links, '\0'), split(lists.targets, '\0'));
  const entries = paths.map((path, index) => ({ ...factsOf(path, facts[index] ?? ''), path }));
  const names = firstNames(entries);
  return new Map(
    entries.map(({ inode, ...entry }) => {
      const first = names.get(inode);
      const more = {
        ...optional('sha256', sums.get(entry.path)),
        ...optional('linkTarget', targets.get(entry.path)),
        ...optional('sameFileAs', first),
      };
      return [entry.path, { ...entry, ...more }];
    }),
  );
}

function optional(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value };
}

function split(text: string, separator: string): string[] {
  const parts = text.split(separator);
  // Each item is terminated, not separated.
  return parts.slice(0, -1);
}

interface Facts extends Omit<Entry, 'path' | 'sha256' | 'linkTarget' | 'sameFileAs'> {
  readonly inode: string;
}

function factsOf(path: string, line: string): Facts {
  const parts = /^([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (.+)$/.exec(line);
  if (parts === null)
    throw new Error(`${JSON.stringify(path)}: the pod describes it as ${JSON.stringify(line)}`);
  const [, raw = '', uid, gid, size, blocks, blockSize, inode = '', mtime = ''] = parts;
  const bits = Number.parseInt(raw, 16);
  const type = TYPES[bits >> 12] ?? `type ${bits >> 12}`;
  return {
    type,
    mode: (bits & 0o7777).toString(8).padStart(4, '0'),
    uid: Number(uid),
    gid: Number(gid),
    size: type === 'folder' ? 0 : Number(size),
    mtime,
    allocated: Number(blocks) * Number(blockSize),
    inode,
  };
}

/** sha256sum prints names unescaped, newlines included. The names and their order are known, so the lines can be separated. */
function sumsOf(files: readonly string[], printed: string): Map<string, string> {
  const sums = new Map<string, string>();
  let at = 0;
  for (const path of files) {
    const end = `  ${path}\n`;
    const sum = printed.slice(at, at + 64);
    if (!/^[0-9a-f]{64}$/.test(sum) || !printed.startsWith(end, at + 64))
      throw new Error(`${JSON.stringify(path)}: the pod printed no checksum for it`);
    sums.set(path, sum);
    at += 64 + end.length;
  }
  return sums;
}

function targetsOf(links: readonly string[], targets: readonly string[]): Map<string, string> {
  if (links.length !== targets.length)
    throw new Error(`the pod listed ${links.length} links and ${targets.length} targets`);
  // readlink ends its line with a newline, and the full stop keeps the shell from removing it.
  return new Map(links.map((path, index) => [path, (targets[index] ?? '').replace(/\n\.$/, '')]));
}

/** Returns the first name of each inode that has several. */
function firstNames(entries: readonly { path: string; inode: string; type: string }[]): Map<string, string> {
  const names = new Map<string, string[]>();
  for (const { path, inode, type } of entries) {
    if (type !== 'folder') names.set(inode, [...(names.get(inode) ?? []), path]);
  }
  const several = [...names].filter(([, paths]) => paths.length > 1);
  return new Map(several.map(([inode, paths]) => [inode, paths.sort()[0] ?? '']));
}
