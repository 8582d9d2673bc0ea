import { existsSync, openSync, readSync, closeSync } from 'node:fs';
import { run } from './exec.ts';
import { findProgram, refuse } from './needs.ts';
import type { Progress } from './progress.ts';

interface SystemProgram {
  /** The Debian package that contains it. */
  readonly package: string;
  readonly what: string;
  readonly present: () => boolean;
}

const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

const PROGRAMS: readonly SystemProgram[] = [
  { package: 'containerd', what: 'containerd', present: () => has('containerd') && has('ctr') },
  { package: 'runc', what: 'runc', present: () => has('runc') },
  {
    package: 'containernetworking-plugins',
    what: 'the CNI plugins bridge, host-local and loopback',
    present: () => findCniFolder() !== undefined,
  },
  { package: 'busybox-static', what: 'a static busybox', present: () => findStaticBusybox() !== undefined },
  { package: 'rclone', what: 'rclone', present: () => has('rclone') },
  { package: 'iproute2', what: 'ip', present: () => has('ip') },
  { package: 'iptables', what: 'iptables (kubelet looks for it)', present: () => has('iptables') },
  { package: 'procps', what: 'sysctl', present: () => has('sysctl') },
  { package: 'util-linux', what: 'nsenter', present: () => has('nsenter') },
  { package: 'mount', what: 'mount and umount', present: () => has('mount') && has('umount') },
  { package: 'openssl', what: 'openssl', present: () => has('openssl') },
  {
    package: 'ca-certificates',
    what: 'the certificates of public authorities',
    present: () => existsSync('/etc/ssl/certs'),
  },
];

/** Compresses the archives of the example mover. */
export const ZSTD: SystemProgram = { package: 'zstd', what: 'zstd', present: () => has('zstd') };

/** Checks shell scripts. */
export const SHELLCHECK: SystemProgram = {
  package: 'shellcheck',
  what: 'shellcheck',
  present: () => has('shellcheck'),
};

/** Sets and shows extended attributes. */
export const ATTR: SystemProgram = {
  package: 'attr',
  what: 'getfattr and setfattr',
  present: () => has('getfattr') && has('setfattr'),
};

/** Builds images without a daemon. */
export const BUILDAH: SystemProgram = { package: 'buildah', what: 'buildah', present: () => has('buildah') };

function has(program: string): boolean {
  return findProgram(program) !== undefined;
}

/** Returns the folder of the CNI plugins, which differs between distributions. */
export function findCniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) =>
    ['bridge', 'host-local', 'loopback'].every((plugin) => existsSync(`${folder}/${plugin}`)),
  );
}

/** Returns a statically linked busybox, which runs in an otherwise empty image. */
function findStaticBusybox(): string | undefined {
  const path = findProgram('busybox');
  return path && isStatic(path) ? path : undefined;
}

/** Returns the path of a static busybox. @throws Error that names what to install */
export function staticBusybox(): string {
  const path = findStaticBusybox();
  if (path === undefined) {
    throw new Error('no static busybox is installed; install the package busybox-static');
  }
  return path;
}

/** Returns the path of rclone. @throws Error that names what to install */
export function rcloneProgram(): string {
  const path = findProgram('rclone');
  if (path === undefined) throw new Error('rclone is not installed; install the package rclone');
  return path;
}

/** A dynamic ELF names its loader within its first page. */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(4096);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return !/\/ld-(linux|musl)/.test(head.toString('latin1'));
}

/**
 * Installs missing packages on a Debian-like system; by default those of the embedded cluster.
 * @param headline what is impossible without them
 * @throws Error that names what to install, on other systems or without root
 */
export async function ensurePackages(
  progress: Progress,
  programs: readonly SystemProgram[] = PROGRAMS,
  headline?: string,
): Promise<void> {
  const missing = programs.filter(({ present }) => !present());
  if (missing.length === 0) return;
  const names = missing.map((program) => program.package);
  if (!has('apt-get') || process.getuid?.() !== 0) {
    refuse(
      missing.map((program) => ({
        what: `it needs ${program.what}`,
        remedy: `install Debian's package ${program.package}, or the equivalent elsewhere`,
      })),
      headline,
    );
  }
  await progress.step(`install ${names.join(' ')}`, async (note) => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    note('apt-get update');
    await run('apt-get', ['update', '-q'], { env });
    note('apt-get install');
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env });
    note('');
  });
  const still = programs.filter(({ present }) => !present());
  refuse(
    still.map((program) => ({
      what: `${program.what} is missing even after installing ${program.package}`,
      remedy: `install it by hand and see that it is on the PATH`,
    })),
    headline,
  );
}
