/**
 * Downloads and unpacks packages of Debian 11 through the machine's own apt, which checks their signatures. The machine's
 * packages are not touched: apt uses separate lists and sources, and the packages are only unpacked, into the cache.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../cluster/exec.ts';
import { withLock } from '../cluster/lock.ts';
import { findProgram } from '../cluster/needs.ts';
import { archiveIn } from './debian-archive.ts';

/** Its glibc, 2.31, is the oldest version that the plugin supports. */
const RELEASE = 'bullseye';

/** Exact versions, so that every machine builds the same. They are stable because the release is closed. */
const VERSIONS = {
  'gcc-10-base': '10.2.1-6',
  libc6: '2.31-13+deb11u11',
  'libgcc-s1': '10.2.1-6',
  'libstdc++6': '10.2.1-6',
  patchelf: '0.12-1',
} as const;

export type DebianPackage = keyof typeof VERSIONS;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Environment variable with the mirror of Debian's packages, for a machine whose own sources do not name one. */
const MIRROR_SETTING = 'DATAMOVER_DEBIAN_MIRROR';

/** This machine cannot get Debian's packages; the message names what is required. */
export class NoDebianError extends Error {
  override readonly name = 'NoDebianError';
}

/**
 * Returns the folder into which a package was unpacked. It stays in the cache and must not be modified.
 * @throws NoDebianError if there is no apt, or no source for Debian
 */
export async function debianFiles(name: DebianPackage): Promise<string> {
  const folder = folderOf(name);
  if (!existsSync(folder)) await (obtaining ??= obtainAlone());
  return folder;
}

/** One attempt per process, shared by concurrent calls for different packages. */
let obtaining: Promise<void> | undefined;

function obtainAlone(): Promise<void> {
  return withLock(cacheDir(), () => console.log('waiting for another process that gets packages'), obtain);
}

function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'datamover', 'debian');
}

function folderOf(name: DebianPackage): string {
  return join(cacheDir(), `${name}_${VERSIONS[name]}_${architecture()}`);
}

function architecture(): string {
  return ARCHITECTURES[process.arch] ?? process.arch;
}

/** Downloads all missing packages at once: reading the archive's index takes longer than the packages themselves. */
async function obtain(): Promise<void> {
  const missing = (Object.keys(VERSIONS) as DebianPackage[]).filter((name) => !existsSync(folderOf(name)));
  if (missing.length === 0) return;
  const source = `deb [arch=${architecture()} signed-by=${KEYRING}] ${await mirror()} ${RELEASE} main`;
  mkdirSync(cacheDir(), { recursive: true });
  const work = mkdtempSync(join(cacheDir(), '.apt-'));
  try {
    const apt = privateApt(work, source);
    console.log(`getting ${missing.join(', ')} of Debian 11 (${RELEASE}), once`);
    await apt(['update']);
    await apt(['download', ...missing.map((name) => `${name}:${architecture()}=${VERSIONS[name]}`)]);
    for (const name of missing) {
      const unpacked = join(work, name);
      const archive = join(work, `${name}_${VERSIONS[name]}_${architecture()}.deb`);
      await run('dpkg-deb', ['--extract', archive, unpacked]);
      renameSync(unpacked, folderOf(name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Returns the address of Debian's archive. @throws NoDebianError */
async function mirror(): Promise<string> {
  const remedy = `set ${MIRROR_SETTING} to the address of a mirror of Debian, e.g. http://<host>/debian`;
  if (!findProgram('apt-get') || !findProgram('dpkg-deb')) {
    throw new NoDebianError('this machine has no apt-get and dpkg-deb to get packages of Debian 11 with');
  }
  if (!existsSync(KEYRING)) {
    throw new NoDebianError(
      `${KEYRING} is missing: install the package debian-archive-keyring, and ${remedy}`,
    );
  }
  const set = process.env[MIRROR_SETTING];
  if (set) return set;
  const isDebian = /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  const found = isDebian ? archiveIn(await run('apt-get', ['update', '--print-uris'])) : undefined;
  if (found === undefined) throw new NoDebianError(`apt has no mirror of Debian on this machine: ${remedy}`);
  return found;
}

/** Returns apt-get with the machine's settings (for example a proxy), but with separate sources, lists and downloads. */
function privateApt(work: string, source: string): (args: string[]) => Promise<string> {
  for (const folder of ['lists/partial', 'archives/partial'])
    mkdirSync(join(work, folder), { recursive: true });
  writeFileSync(join(work, 'sources.list'), `${source}\n`);
  writeFileSync(join(work, 'status'), '');
  const settings = join(work, 'apt.conf');
  writeFileSync(
    settings,
    [
      `Dir::Etc::sourcelist "${work}/sources.list";`,
      'Dir::Etc::sourceparts "-";',
      `Dir::State "${work}";`,
      `Dir::State::lists "${work}/lists";`,
      `Dir::State::status "${work}/status";`,
      `Dir::Cache "${work}";`,
      'Acquire::Languages "none";',
      // Without this an unreachable source is only a warning.
      'APT::Update::Error-Mode "any";',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
      // apt's default download user cannot write to this folder.
      'APT::Sandbox::User "root";',
      // Disables the hooks that run after the machine updates its own lists.
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '',
    ].join('\n'),
  );
  return (args) => run('apt-get', ['--quiet', `--config-file=${settings}`, ...args], { cwd: work });
}
