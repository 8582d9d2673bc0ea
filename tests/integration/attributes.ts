import { execFileSync } from 'node:child_process';
import fc from 'fast-check';

/**
 * Extended attributes and access control lists: generates random ones, sets them in a tree and reads them back. Uses Debian's
 * package `attr`.
 */

/** By name; an access control list is one of them. */
export type Attributes = Readonly<Record<string, Uint8Array>>;

/** Kinds of files by the attributes that the kernel permits for them. */
export type Bearer = 'file' | 'folder' | 'other' | 'link';

const ACCESS_LIST = 'system.posix_acl_access';
const DEFAULT_LIST = 'system.posix_acl_default';
const CAPABILITY = 'security.capability';

/** Returns a list as the kernel stores it: the version, then tag, permissions and id of each entry. */
export function accessControlList(permissions: readonly number[], uid: number): Uint8Array {
  const [owner = 7, named = 7, group = 7, mask = 7, other = 7] = permissions;
  const entries = [
    [0x01, owner, 0xffff_ffff],
    [0x02, named, uid],
    [0x04, group, 0xffff_ffff],
    [0x10, mask, 0xffff_ffff],
    [0x20, other, 0xffff_ffff],
  ] as const;
  const list = Buffer.alloc(4 + 8 * entries.length);
  list.writeUInt32LE(2);
  entries.forEach(([tag, permission, id], index) => {
    list.writeUInt16LE(tag, 4 + 8 * index);
    list.writeUInt16LE(permission, 6 + 8 * index);
    list.writeUInt32LE(id, 8 + 8 * index);
  });
  return list;
}

/** Returns effective capabilities such as a program without root needs, for example for a port below 1024. */
function fileCapability(permitted: number): Uint8Array {
  const value = Buffer.alloc(20);
  value.writeUInt32LE(0x0200_0001);
  value.writeUInt32LE(permitted, 4);
  return value;
}

const value = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 60 }), weight: 5 },
  { arbitrary: fc.uint8Array({ minLength: 1000, maxLength: 2500 }), weight: 1 },
);
const list = fc
  .tuple(fc.array(fc.nat({ max: 7 }), { minLength: 5, maxLength: 5 }), fc.constantFrom(0, 4321, 65532))
  .map(([permissions, uid]) => accessControlList(permissions, uid));
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });

/** Any attributes; those that a file cannot have are not set. */
export const attributes = fc
  .record({
    'user.a': some(value),
    'user.a=b': some(value),
    'user.größe "x"': some(value),
    'user.\n# file: {"message_type":"empty"}': some(value),
    'trusted.overlay': some(value),
    'security.ours': some(value),
    [CAPABILITY]: some(fc.integer({ min: 1, max: 0xffff }).map(fileCapability)),
    [ACCESS_LIST]: some(list),
    [DEFAULT_LIST]: some(list),
  })
  .map((all): Attributes => Object.fromEntries(Object.entries(all).filter(isSet)));

function isSet(entry: [string, Uint8Array | undefined]): entry is [string, Uint8Array] {
  return entry[1] !== undefined;
}

function mayBear(bearer: Bearer, attribute: string): boolean {
  if (attribute === CAPABILITY) return bearer === 'file';
  if (attribute === DEFAULT_LIST) return bearer === 'folder';
  if (attribute === ACCESS_LIST) return bearer !== 'link';
  return !attribute.startsWith('user.') || bearer === 'file' || bearer === 'folder';
}

/** Returns true for attributes that an ordinary user may set on its own files. */
export const isOrdinary = (attribute: string): boolean => /^(user\.|system\.posix_acl_)/.test(attribute);

/** Three octal digits for each byte, the escape format of `setfattr`. */
const escaped = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

export interface Bearing {
  path: Buffer;
  bearer: Bearer;
  attributes: Attributes;
}

/** Sets all of them in one process. */
export function setAttributes(bearings: readonly Bearing[]): void {
  const input = bearings.map(({ path, bearer, attributes: borne }) => {
    const lines = Object.entries(borne)
      .filter(([attribute]) => mayBear(bearer, attribute))
      .map(
        ([attribute, bytes]) => `${escaped(Buffer.from(attribute))}=0x${Buffer.from(bytes).toString('hex')}`,
      );
    return lines.length === 0 ? '' : `# file: ${escaped(path)}\n${lines.join('\n')}\n\n`;
  });
  execFileSync('setfattr', ['-h', '--restore=-'], { input: input.join('') });
}

/**
 * Returns all attributes below a folder from one process: by path, each as `name=0xvalue` with special characters of names
 * escaped.
 */
export function attributesBelow(folder: string): ReadonlyMap<string, readonly string[]> {
  const all = ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=hex'];
  const dump = execFileSync('getfattr', [...all, '--absolute-names', '--', folder], {
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  });
  const found = dump.split('\n\n').filter((block) => block !== '');
  return new Map(
    found.map((block) => {
      const [path = '', ...lines] = block.split('\n');
      return [unescaped(path.replace('# file: ', '')), lines.sort()];
    }),
  );
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Returns what the result of a backup must contain about the root folder of a volume. */
export function notSavedOfRoot(root: string): string[] {
  const borne = attributesBelow(root).get(root) ?? [];
  const lists = borne.filter((attribute) => attribute.startsWith('system.posix_acl_')).length;
  const others = borne.length - lists;
  return [
    ...(lists > 0 ? [`access control lists of the root folder: ${String(lists)}`] : []),
    ...(others > 0 ? [`extended attributes of the root folder: ${String(others)}`] : []),
  ];
}
