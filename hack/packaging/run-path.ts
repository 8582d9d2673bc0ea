import { join } from 'node:path';
import { run } from '../cluster/exec.ts';
import { findProgram } from '../cluster/needs.ts';
import { debianFiles, NoDebianError } from './debian-packages.ts';

/** Returns the path of the tool that sets the run path. Its version decides whether it can be used on Node. */
export async function findPatchelf(): Promise<string> {
  try {
    return join(await debianFiles('patchelf'), 'usr/bin/patchelf');
  } catch (error) {
    if (!(error instanceof NoDebianError)) throw error;
    const own = findProgram('patchelf');
    if (own) return own;
    const remedy = 'install patchelf (0.17 and 0.18 are reported to break Node, 0.14 and 0.19 are not)';
    throw new Error(`${error.message}, and there is no patchelf on the PATH: ${remedy}`, { cause: error });
  }
}

/**
 * patchelf moves the rest of the file. A shift of 64 KiB keeps pages aligned for Linux, which maps 16 pages around each page that
 * is touched. patchelf's default, one page, makes 4 MiB more of a process resident at its start.
 */
const SHIFT_BYTES = 65_536;

/**
 * Makes a program load its shared libraries from its own folder, regardless of LD_LIBRARY_PATH. The loader finds that folder
 * through /proc, which every pod has.
 */
export async function lookBesideItself(patchelf: string, program: string): Promise<void> {
  await run(patchelf, ['--page-size', String(SHIFT_BYTES), '--set-rpath', '$ORIGIN', program]);
}
