import { hangLimitMs, parseFlags, type Invocation } from './config.ts';
import type { Actions } from './goplugin/actions.ts';
import { createHclog } from './goplugin/hclog.ts';
import type { LocateSource } from './goplugin/stack.ts';
import { endAtUncaught, redirectStdio } from './goplugin/stdio-guard.ts';
import { createWatchdog } from './goplugin/watchdog.ts';

export interface Served {
  actions: Actions;
  invocation: Invocation;
  /** Finds the sources of a bundled program. */
  locate?: LocateSource | undefined;
  /** Called once, when the process starts to work. */
  onWatching?: () => void;
}

/**
 * Serves the actions to the Velero server that has started this process. Resolves when the socket listens; the process ends with
 * Velero's work.
 */
export async function serveVelero({ actions, invocation, locate, onWatching }: Served): Promise<void> {
  const { args, env, command } = invocation;
  const known = locate === undefined ? {} : { locate };
  const log = createHclog({ level: parseFlags(args).logLevel, ...known });
  const exit = (code: number): never => process.exit(code);
  redirectStdio(log);
  endAtUncaught(log, exit);
  const watchdog = createWatchdog({ limitMs: hangLimitMs(env), log, ...(onWatching && { onWatching }) });
  try {
    // Imported only after the streams are replaced: Node's HTTP/2 would create the real ones and make their pipes non-blocking.
    const { serve } = await import('./goplugin/serve.ts');
    await serve({ actions, command, log, env, beforeAction: watchdog.watch, ...known });
  } catch (error) {
    log.error({ err: error }, 'the plugin cannot serve');
    exit(1);
  }
}
