import { readFile } from 'node:fs/promises';
import { runCommand } from '../volumes/run-command.ts';

/** Mount operations of the machine that the Node service needs. */
export interface Mounter {
  isMounted(target: string): Promise<boolean>;
  bind(source: string, target: string, readOnly: boolean): Promise<void>;
  unmount(target: string): Promise<void>;
}

/** Returns the mount points of a `/proc/<pid>/mountinfo` text: its fifth field, with octal escapes decoded. */
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
      // A bind mount becomes read-only only through a remount.
      await runCommand('mount', ['-o', 'remount,bind,ro', target]);
    } catch (error) {
      // A retry would accept a remaining writable mount as the finished one.
      await runCommand('umount', [target]);
      throw error;
    }
  },
  async unmount(target) {
    await runCommand('umount', [target]);
  },
};
