import { mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hangUp } from './hang-up.ts';

/** What the host sets in the environment of every process that it starts as a plugin. */
export const COOKIE = { key: 'VELERO_PLUGIN', value: 'hello' } as const;

const CORE_PROTOCOL = 1;
const VELERO_PROTOCOL = 2;

type Environment = Readonly<Record<string, string | undefined>>;

/** True when Velero started this process; without it nobody speaks the protocol on the other side. */
export function isStartedByVelero(env: Environment): boolean {
  return env[COOKIE.key] === COOKIE.value;
}

/** A socket path of this process alone. */
export interface SocketPath {
  readonly path: string;
  /** Removes the socket and its folder; Velero does not tidy its /tmp. */
  remove(): void;
}

const FOLDER = 'plugin-datamover-';

/** A fresh folder per process, open to its user only: several processes of one plugin live side by side. */
export function createSocketPath(env: Environment): SocketPath {
  const folder = mkdtempSync(join(socketParent(env), `${FOLDER}${String(process.pid)}-`));
  return {
    path: join(folder, 'socket'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Removes what processes left that were killed and could not do it themselves. */
export function sweepSockets(env: Environment): void {
  const parent = socketParent(env);
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(FOLDER)) continue;
    const pid = Number(name.slice(FOLDER.length).split('-')[0]);
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function socketParent(env: Environment): string {
  return env.PLUGIN_UNIX_SOCKET_DIR ?? tmpdir();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The one line that go-plugin reads from stdout. It must be printed only once the socket listens: the host dials at once. */
export function handshakeLine(socketPath: string): string {
  return `${String(CORE_PROTOCOL)}|${String(VELERO_PROTOCOL)}|unix|${socketPath}|grpc|\n`;
}

/** Written past the stream layer, which nothing may delay; and nothing else may ever reach stdout, so it ends here. */
export function announce(socketPath: string): void {
  writeSync(1, handshakeLine(socketPath));
  hangUp(1);
}
