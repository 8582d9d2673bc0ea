/** One entry of a tar archive, as `tar` of GNU and busybox write it. */
export interface TarEntry {
  path: string;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `5` folder, `6` FIFO. */
  type: string;
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970. */
  mtime: number;
  link: string;
  content: Buffer;
}

const BLOCK = 512;

/** Returns true if the archive has its end: two blocks of zeros. */
export function isWhole(archive: Buffer): boolean {
  return archive.length >= 2 * BLOCK && archive.subarray(-2 * BLOCK).every((byte) => byte === 0);
}

/** Reads a whole archive; resolves long names and links in GNU's format. */
export function readTar(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const header = archive.subarray(at, at + BLOCK);
    const size = number(header, 124, 12);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0).replace('\0', '0');
    if (type === 'L') longName = text(content, 0, content.length);
    else if (type === 'K') longLink = text(content, 0, content.length);
    else if (type !== 'x' && type !== 'g') {
      entries.push({
        path: longName ?? nameOf(header),
        type,
        mode: number(header, 100, 8),
        uid: number(header, 108, 8),
        gid: number(header, 116, 8),
        mtime: number(header, 136, 12),
        link: longLink ?? text(header, 157, 100),
        content,
      });
      longName = undefined;
      longLink = undefined;
    }
  }
  return entries;
}

function nameOf(header: Buffer): string {
  // GNU's own format uses the field of the prefix for something else.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end);
}

function number(block: Buffer, at: number, length: number): number {
  return Number.parseInt(text(block, at, length).trim() || '0', 8);
}
