import { readFile } from 'node:fs/promises';
import { runCommand } from '../volumes/run-command.ts';

/** What the Node service needs from the machine. */
export interface Mounter {
  isMounted(target: string): Promise<boolean>;
  bind(source: string, target: string, readOnly: boolean): Promise<void>;
  unmount(target: string): Promise<void>;
}

/** Mount points of a `/proc/<pid>/mountinfo` text: the fifth field, with its octal escapes undone. */
export function mountPointsOf(mountInfo: string): string[] {
  return mountInfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((field) => field !== undefined)
    .map((field) =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    );
}

/** Bind mounts of this machine. Needs root. */
export const bindMounts: Mounter = {
  async isMounted(target) {
    return mountPointsOf(await readFile('/proc/self/mountinfo', 'utf8')).includes(target);
  },
  async bind(source, target, readOnly) {
    await runCommand('mount', ['--bind', source, target]);
    if (!readOnly) return;
    try {
      // A bind mount takes its read-only flag only from a remount.
      await runCommand('mount', ['-o', 'remount,bind,ro', target]);
    } catch (error) {
      // A writable mount left behind would pass for a finished one on the next try.
      await runCommand('umount', [target]);
      throw error;
    }
  },
  async unmount(target) {
    await runCommand('umount', [target]);
  },
};
