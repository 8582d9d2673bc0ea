import { readFileSync, readdirSync } from 'node:fs';

/** The kernel's name of this boot; process numbers and start times mean nothing across boots. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * The start time of a living process in clock ticks since boot, or undefined when it is gone.
 * A zombie counts as gone: it only waits for a parent that may never look.
 */
export function startTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name stands in parentheses and may hold blanks and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return Number(fields[19]);
}

/** The command line of a process, empty when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** The environment of a process as `NAME=value` entries, empty when it is gone. */
export function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The living processes whose environment holds every one of these `NAME=value` entries. */
export function processesWithEnv(entries: readonly string[]): number[] {
  return allPids().filter((pid) => {
    if (pid === process.pid || startTime(pid) === undefined) return false;
    const environment = environmentOf(pid);
    return entries.every((entry) => environment.includes(entry));
  });
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
