import { readFileSync } from 'node:fs';
import { run, tryRun } from './exec.ts';

/** Returns the mount points at and below a folder, the latest first, which is the order for unmounting. */
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
 * @throws Error if something stays mounted: deleting the folder would then delete the mounted files
 */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of mountsBelow(folder)) {
    // A busy mount is detached: its processes have ended, so the kernel releases it shortly.
    if ((await tryRun('umount', [path])) === undefined) await run('umount', ['--lazy', path]);
  }
  const left = mountsBelow(folder);
  if (left.length > 0) throw new Error(`${left.join(', ')}: still mounted; unmount by hand and repeat`);
}
