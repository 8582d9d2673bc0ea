import { readFileSync } from 'node:fs';
import { run, tryRun } from './exec.ts';

/** The mount points at and below a folder, the latest first, so that they can be unmounted in this order. */
export function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}

/** The kernel writes blanks and backslashes as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/**
 * Unmounts everything below a folder.
 * @throws Error when something stays mounted: deleting the folder would then delete what is mounted.
 */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of mountsBelow(folder)) {
    // Detached where it is busy: its processes are gone, so that the kernel lets go of it in a moment.
    if ((await tryRun('umount', [path])) === undefined) await run('umount', ['--lazy', path]);
  }
  const left = mountsBelow(folder);
  if (left.length > 0) throw new Error(`${left.join(', ')}: still mounted; unmount by hand and repeat`);
}
