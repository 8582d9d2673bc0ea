import { readFileSync, readdirSync } from 'node:fs';

/** Returns the kernel's id of this boot. Process numbers and start times are valid for one boot only. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * Returns the start time of a living process in clock ticks since boot; undefined if it has ended. A zombie counts as ended: its
 * parent may never reap it.
 */
export function startTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name is in parentheses and may itself contain blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return Number(fields[19]);
}

/** Returns the command line of a process; empty if it has ended. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Returns the environment of a process as `NAME=value` entries; empty if it has ended. */
export function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Returns the living processes whose environment contains all of these `NAME=value` entries. */
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
