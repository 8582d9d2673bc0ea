import { parseGoDuration } from './codec/go-duration.ts';
import type { HclogLevel } from './goplugin/hclog.ts';

/** The configuration from the arguments of the process, which are those of the Velero server. */
export interface PluginConfig {
  logLevel: HclogLevel;
  /** Velero's own CSI support is enabled (`--features=EnableCSI`). */
  csiEnabled: boolean;
}

/** How this process was started. */
export interface Invocation {
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** The path that Velero starts the plugin by. */
  command: string;
}

export function currentInvocation(): Invocation {
  return { args: process.argv, env: process.env, command: process.argv[1] ?? process.execPath };
}

const levels: Readonly<Record<string, HclogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  // Velero has two more levels; neither is a level of a plugin's line.
  fatal: 'error',
  panic: 'error',
};

/**
 * Parses Velero's flags. Velero passes all of its own flags to every plugin; the known ones are read, as `--flag=x` or `--flag
 * x`, and everything else is ignored.
 */
export function parseFlags(args: readonly string[]): PluginConfig {
  const level = flagValue(args, '--log-level') ?? 'info';
  const features = flagValue(args, '--features') ?? '';
  return {
    logLevel: levels[level.toLowerCase()] ?? 'info',
    csiEnabled: features.split(',').includes('EnableCSI'),
  };
}

/** Far above the time for the largest item on a slow machine. A hung Velero waits for it once. */
const HANG_LIMIT_MS = 60_000;

/**
 * Returns how long the event loop may be blocked before the process ends itself, from `DATA_MOVER_PLUGIN_HANG_LIMIT` in Velero's
 * environment, a Go duration. Default, also for an invalid value: one minute.
 */
export function hangLimitMs(env: Readonly<Record<string, string | undefined>>): number {
  const limit = parseGoDuration(env.DATA_MOVER_PLUGIN_HANG_LIMIT ?? '') ?? 0;
  return limit > 0 ? limit : HANG_LIMIT_MS;
}

/** Returns the last value, as in Go. */
function flagValue(args: readonly string[], flag: string): string | undefined {
  let value: string | undefined;
  args.forEach((arg, index) => {
    if (arg === flag) value = args[index + 1];
    else if (arg.startsWith(`${flag}=`)) value = arg.slice(flag.length + 1);
  });
  return value;
}
