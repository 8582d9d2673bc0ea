/**
 * `velero-plugin-for-datamover install <folder>`: the plugin's image runs this as an init container of Velero. The folder is
 * Velero's plugin folder, in which Velero executes every file with an x-bit, so exactly one file gets it.
 */
import { chmodSync, copyFileSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const SHARED_LIBRARY = /^lib.+\.so(\.\d+)*$/;

/**
 * Copies the executable and the shared libraries next to it, and returns the paths of the copies. A file appears under its name
 * only when it is complete, the executable last; existing files are replaced.
 * @throws Error that names the folder and the problem
 */
export function install(executable: string, folder: string | undefined): string[] {
  if (!folder) throw new Error('install: name the folder to install into, e.g. install /target');
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`install: ${folder} is not a folder; mount Velero's plugin folder there`);
  }
  const from = dirname(executable);
  const libraries = readdirSync(from).filter((name) => SHARED_LIBRARY.test(name));
  return [
    ...libraries.map((name) => place(join(from, name), join(folder, name), 0o644)),
    place(executable, join(folder, basename(executable)), 0o755),
  ];
}

/** The incomplete copy always has the same name, so that a retry after a kill leaves no files behind. */
function place(source: string, target: string, mode: number): string {
  const unfinished = join(dirname(target), `.${basename(target)}.part`);
  try {
    copyFileSync(source, unfinished);
    chmodSync(unfinished, mode);
    renameSync(unfinished, target);
    return target;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`install: cannot write ${target}: ${reason}`, { cause: error });
  }
}
