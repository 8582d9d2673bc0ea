import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { libcRoot } from '../../hack/packaging/libc-root.ts';
import { harnessProgram } from './harness-program.ts';

/** `cnb`, the user that runs the server in Velero's image. */
export const VELERO_USER = '1002:1000';

const SHARED_LIBRARY = /\.so(\.\d+)*$/;

/**
 * Creates a root folder like that of Velero's image, with the libc of Debian 11 (2.31), Velero's side of the protocol as
 * `/velero`, and an empty `/plugins`: no shell, no libstdc++, no Node.js. The caller removes it.
 */
export async function makeVeleroRoot(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'velero-root-'));
  cpSync(await libcRoot(), root, { recursive: true, verbatimSymlinks: true });
  cpSync(await harnessProgram(), join(root, 'velero'));
  for (const folder of ['plugins', 'proc', 'tmp']) mkdirSync(join(root, folder));
  chmodSync(root, 0o755);
  chmodSync(join(root, 'tmp'), 0o1777);
  return root;
}

/** A process that runs below a root folder, seen from outside; its paths are relative to that root. */
export interface ProcessInRoot {
  readonly executable: string;
  /** `uid:gid` */
  readonly user: string;
  readonly libraryPath: string | undefined;
  /** The loader and the shared libraries that it runs with. */
  readonly libraries: string[];
}

/** @throws Error unless the process has exactly one child. */
export function onlyChildOf(parent: number, root: string): ProcessInRoot {
  const tasks = readdirSync(`/proc/${String(parent)}/task`);
  const children = tasks.flatMap((task) => wordsOf(`/proc/${String(parent)}/task/${task}/children`));
  const [pid, ...others] = children;
  if (pid === undefined || others.length > 0) throw new Error(`children of Velero: ${children.join(' ')}`);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const id = (kind: string): string => new RegExp(`^${kind}:\\t(\\d+)`, 'm').exec(status)?.[1] ?? '';
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return {
    executable: inside(root, readlinkSync(`/proc/${pid}/exe`)),
    user: `${id('Uid')}:${id('Gid')}`,
    libraryPath: environment.find((text) => text.startsWith('LD_LIBRARY_PATH='))?.split('=')[1],
    libraries: [...new Set(wordsOf(`/proc/${pid}/maps`).filter((word) => SHARED_LIBRARY.test(word)))]
      .map((path) => inside(root, path))
      .sort(),
  };
}

function wordsOf(file: string): string[] {
  return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean);
}

function inside(root: string, path: string): string {
  return `/${relative(root, path)}`;
}

/** Returns the files of a folder, with their modes. */
export function modesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const mode = (statSync(join(folder, entry.name)).mode & 0o777).toString(8);
      return [entry.name, entry.isFile() ? mode : 'no file'];
    }),
  );
}

/** Returns every file with an x-bit that is no shared library; a shell, Node.js or an interpreter would be among them. */
export function programsIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !SHARED_LIBRARY.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => (statSync(path).mode & 0o111) !== 0)
    .map((path) => inside(root, path))
    .sort();
}
