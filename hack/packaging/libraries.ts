import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../cluster/exec.ts';
import { debianFiles, NoDebianError, type DebianPackage } from './debian-packages.ts';

/** A shared library to ship: the name that the loader looks for, and the path of its file. */
export interface Library {
  readonly name: string;
  readonly path: string;
}

/** The libraries that Node links against and that Velero's image lacks; the others belong to libc. */
const SHIPPED: readonly { name: string; package: DebianPackage }[] = [
  { name: 'libstdc++.so.6', package: 'libstdc++6' },
  { name: 'libgcc_s.so.1', package: 'libgcc-s1' },
];

/**
 * Returns the libraries of Debian 11, which need only glibc 2.18. The machine's own would often need the machine's glibc.
 * @param binary the program that needs them, to find the machine's own libraries if Debian's cannot be downloaded
 */
export async function shippedLibraries(binary: string): Promise<Library[]> {
  try {
    return await Promise.all(
      SHIPPED.map(async ({ name, package: of }) => ({ name, path: libraryIn(await debianFiles(of), name) })),
    );
  } catch (error) {
    if (!(error instanceof NoDebianError)) throw error;
    console.warn(
      `${error.message}\nThe machine's own libstdc++ and libgcc are taken instead: see below which glibc they need.`,
    );
    return await ownLibraries(binary);
  }
}

function libraryIn(folder: string, name: string): string {
  const multiarch = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const path = ['usr/lib', 'lib']
    .map((lib) => join(folder, lib, multiarch, name))
    .find((each) => existsSync(each));
  if (path === undefined) throw new Error(`there is no ${name} in ${folder}`);
  return realpathSync(path);
}

async function ownLibraries(binary: string): Promise<Library[]> {
  const listing = (await run('ldd', [binary])).split('\n');
  return SHIPPED.map(({ name }) => {
    const line = listing.find((text) => text.trim().startsWith(`${name} `)) ?? '';
    const path = /=> (\/\S+)/.exec(line)?.[1];
    if (path === undefined) throw new Error(`Node needs ${name}, and this machine does not have it`);
    return { name, path: realpathSync(path) };
  });
}
