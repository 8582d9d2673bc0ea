/**
 * Files of packages of Debian 11, got through the machine's own apt, which checks their signatures. Nothing of it touches
 * what is installed here: apt works with lists and sources of its own, and the packages are only unpacked, into the cache.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../cluster/exec.ts';
import { withLock } from '../cluster/lock.ts';
import { findProgram } from '../cluster/needs.ts';
import { archiveIn } from './debian-archive.ts';

/** Its glibc, 2.31, is the oldest that the plugin promises to run on. */
const RELEASE = 'bullseye';

/** Exact versions, so that every machine builds the same. The release is closed: they do not change any more. */
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
/** Where to get Debian's packages from, for a machine whose own sources do not say it. */
const MIRROR_SETTING = 'DATAMOVER_DEBIAN_MIRROR';

/** This machine has no way to Debian's packages; the message says what it would take. */
export class NoDebianError extends Error {
  override readonly name = 'NoDebianError';
}

/**
 * The folder into which a package was unpacked; it stays in the cache, and nobody writes into it.
 * @throws NoDebianError where there is no apt, or none that knows of Debian
 */
export async function debianFiles(name: DebianPackage): Promise<string> {
  const folder = folderOf(name);
  if (!existsSync(folder)) await (obtaining ??= obtainAlone());
  return folder;
}

/** One attempt per process: several packages are asked for at once. */
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

/** All that are missing at once: reading the archive's index takes longer than the packages themselves. */
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

/** @throws NoDebianError */
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
  if (found === undefined)
    throw new NoDebianError(`the machine's apt does not know a mirror of Debian: ${remedy}`);
  return found;
}

/** apt-get with the machine's settings (a proxy, say), but with sources, lists and downloads of its own. */
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
      // An update that reaches nobody is only a warning otherwise.
      'APT::Update::Error-Mode "any";',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
      // The user of apt's downloads cannot write here.
      'APT::Sandbox::User "root";',
      // What the machine does after an update of its own lists.
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '',
    ].join('\n'),
  );
  return (args) => run('apt-get', ['--quiet', `--config-file=${settings}`, ...args], { cwd: work });
}
