import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { commandLine, environmentOf } from '../../../hack/cluster/proc.ts';

/** A poll takes a tenth of a millisecond, and restic half a second. */
const LOOK_MS = 20;

/** Selects processes: those of a program, with this text in one of their variables. */
export interface Wanted {
  program: string;
  variable: string;
}

/**
 * Records when a program starts and ends anywhere on this machine, including pods, with its command. Repeated runs of the same
 * command are numbered.
 */
export function watchPrograms(wanted: Wanted, note: (what: string) => void): { stop(): void } {
  const before = new Set(processes());
  const running = new Map<string, string>();
  const runs = new Map<string, number>();
  const look = (): void => {
    const now = new Set(processes());
    for (const [pid, name] of running) {
      if (now.has(pid)) continue;
      running.delete(pid);
      note(`${name} ended`);
    }
    for (const pid of now) {
      if (before.has(pid) || running.has(pid)) continue;
      const command = commandOf(wanted.program, commandLine(Number(pid)));
      if (command === undefined || !environmentOf(Number(pid)).some((one) => one.includes(wanted.variable)))
        continue;
      const run = (runs.get(command) ?? 0) + 1;
      runs.set(command, run);
      const name = run === 1 ? command : `${command} (${String(run)})`;
      running.set(pid, name);
      note(`${name} began`);
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
    },
  };
}

function processes(): string[] {
  return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
}

/** Returns the program and the first word that is neither an option nor the value of one, e.g. `restic backup`. */
function commandOf(program: string, [path = '', ...args]: readonly string[]): string | undefined {
  if (basename(path) !== program) return undefined;
  const word = args.find((arg, index) => /^[a-z]+$/.test(arg) && !args[index - 1]?.startsWith('--'));
  return `${program} ${word ?? ''}`.trim();
}
