import { runCommand } from './run-command.ts';

/**
 * Copies a folder with owners, modes, times, hard links, extended attributes and holes. `target` must not exist. It runs `cp` of
 * coreutils, because Node's own copy keeps neither attributes nor hard links nor holes.
 */
export async function copyTree(source: string, target: string): Promise<void> {
  await runCommand('cp', ['-a', '--sparse=always', '--reflink=auto', '--', source, target]);
}
