import { readFileSync } from 'node:fs';

/** One entry of an archive. Paths are relative, at most 100 bytes long, and have no slash at the end. */
export type TarEntry =
  /** `from` is the path of a file of this machine. */
  | { readonly path: string; readonly mode: number; readonly from: string }
  | { readonly path: string; readonly mode: number; readonly content: Buffer | string }
  | { readonly path: string; readonly mode: number; readonly folder: true }
  | { readonly path: string; readonly linkTo: string };

const BLOCK = 512;

/** Returns a ustar archive that is byte-identical for the same entries: all times are 0 and all owners root. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = contentOf(entry);
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [header(entry, content.length), content, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function contentOf(entry: TarEntry): Buffer {
  if ('from' in entry) return readFileSync(entry.from);
  return 'content' in entry ? Buffer.from(entry.content) : Buffer.alloc(0);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const name = 'folder' in entry ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: too long for this archive`);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal('mode' in entry ? entry.mode : 0o777, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(typeFlag(entry), 156);
  if ('linkTo' in entry) block.write(entry.linkTo, 157);
  block.write('ustar\x0000', 257);
  // The checksum is computed with blanks in its own field.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function typeFlag(entry: TarEntry): string {
  if ('folder' in entry) return '5';
  return 'linkTo' in entry ? '2' : '0';
}
