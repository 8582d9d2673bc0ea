import { join } from 'node:path';
import { run } from '../cluster/exec.ts';
import { findProgram } from '../cluster/needs.ts';
import { debianFiles, NoDebianError } from './debian-packages.ts';

/** The tool that writes the run path, as a path: its version says whether it can be trusted with Node. */
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
 * What patchelf adds moves the rest of the file. By 64 KiB, pages stay where Linux looks for them: it maps 16 beside each one
 * that is touched, aligned by address. By one page, as patchelf would, 4 MiB more of a process are resident at its start.
 */
const SHIFT_BYTES = 65_536;

/**
 * Lets a program find its shared libraries in its own folder, whatever LD_LIBRARY_PATH says. The loader learns that folder
 * from /proc, as every pod has it.
 */
export async function lookBesideItself(patchelf: string, program: string): Promise<void> {
  await run(patchelf, ['--page-size', String(SHIFT_BYTES), '--set-rpath', '$ORIGIN', program]);
}
