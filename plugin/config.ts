import type { HclogLevel } from './goplugin/hclog.ts';

/** What the process is told by its arguments. */
export interface PluginConfig {
  logLevel: HclogLevel;
}

const levels: Readonly<Record<string, HclogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  // Velero knows two more; neither is a level of a plugin's line.
  fatal: 'error',
  panic: 'error',
};

/**
 * Velero hands its own flags to every plugin, whatever they are: only `--log-level` is looked for, as `--log-level=x` or
 * `--log-level x`, and everything else is ignored.
 */
export function parseFlags(args: readonly string[]): PluginConfig {
  let level: string | undefined;
  args.forEach((arg, index) => {
    if (arg === '--log-level') level = args[index + 1];
    else if (arg.startsWith('--log-level=')) level = arg.slice('--log-level='.length);
  });
  return { logLevel: levels[(level ?? 'info').toLowerCase()] ?? 'info' };
}
