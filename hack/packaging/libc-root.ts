import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianFiles } from './debian-packages.ts';

/** Everything of libc that a program needs to run; character sets, documents and scripts stay behind. */
const KEPT = ['lib', 'lib64', 'usr/share/doc/libc6/copyright'];

/**
 * The root folder of a machine that has glibc 2.31 and nothing else: no shell, no libstdc++, no Node. It is what the
 * plugin's image stands on and what stands in for Velero's; to be copied, not to be written into.
 * @throws NoDebianError
 */
export async function libcRoot(): Promise<string> {
  const libc = await debianFiles('libc6');
  const root = `${libc}-root`;
  if (existsSync(root)) return root;
  const fresh = `${root}.${String(process.pid)}`;
  for (const path of KEPT.filter((each) => existsSync(join(libc, each)))) {
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    cpSync(join(libc, path), join(fresh, path), { recursive: true, verbatimSymlinks: true });
  }
  try {
    renameSync(fresh, root);
  } catch (error) {
    // Another process was quicker, with the same files.
    rmSync(fresh, { recursive: true });
    if (!existsSync(root)) throw error;
  }
  return root;
}
