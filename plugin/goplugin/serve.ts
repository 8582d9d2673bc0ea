import type { Actions } from './actions.ts';
import { announce, createSocketPath, sweepSockets } from './handshake.ts';
import { closeStdio } from './close-stdio.ts';
import { createPluginServer, listen } from './server.ts';
import type { CallEnvironment } from './unary.ts';

export interface ServeOptions extends CallEnvironment {
  actions: Actions;
  command: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** Interval at which the process checks whether its parent is alive. */
const ORPHAN_CHECK_MS = 2_000;

/**
 * Serves the actions to the host that started this process, until the host ends it. The process ignores signals that are meant
 * for the host (Ctrl-C reaches a whole process group), and leaves no file behind.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const socket = createSocketPath(options.env);
  process.on('exit', () => socket.remove());
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => process.exit(0));
  endWithParent();
  const exit = (): void => {
    closeStdio(2);
    process.exit(0);
  };
  const server = createPluginServer({ ...options, exit });
  await listen(server, socket.path);
  announce(socket.path);
  setImmediate(() => tidy(options));
}

/** Runs after the handshake, and never fails. */
function tidy({ env, log }: ServeOptions): void {
  try {
    sweepSockets(env);
  } catch (error) {
    log.debug({ err: error }, 'sockets of dead processes could not be removed');
  }
}

/** A killed host cannot end its plugins, and an orphan would keep its memory forever. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, ORPHAN_CHECK_MS).unref();
}
