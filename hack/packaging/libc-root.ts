import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianFiles } from './debian-packages.ts';

/** The parts of libc that a program needs to run, without character sets, documents and scripts. */
const KEPT = ['lib', 'lib64', 'usr/share/doc/libc6/copyright'];

/**
 * Returns the root folder of a machine that has glibc 2.31 and nothing else: no shell, no libstdc++, no Node. The plugin's image
 * and the stand-in for Velero's image are built on it. Copy it; do not modify it.
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
    // Another process has already created the same files.
    rmSync(fresh, { recursive: true });
    if (!existsSync(root)) throw error;
  }
  return root;
}
