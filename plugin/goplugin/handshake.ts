import { mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeStdio } from './close-stdio.ts';

/** The variable that the host sets in the environment of every plugin process. */
export const COOKIE = { key: 'VELERO_PLUGIN', value: 'hello' } as const;

const CORE_PROTOCOL = 1;
const VELERO_PROTOCOL = 2;

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns true if Velero started this process; otherwise no host uses the protocol. */
export function isStartedByVelero(env: Environment): boolean {
  return env[COOKIE.key] === COOKIE.value;
}

/** A socket path for this process only. */
export interface SocketPath {
  readonly path: string;
  /** Removes the socket and its folder, because Velero does not clean up its /tmp. */
  remove(): void;
}

const FOLDER = 'plugin-datamover-';

/** Creates a folder for this process that only its user can access, because several processes of one plugin run concurrently. */
export function createSocketPath(env: Environment): SocketPath {
  const folder = mkdtempSync(join(socketParent(env), `${FOLDER}${String(process.pid)}-`));
  return {
    path: join(folder, 'socket'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Removes the sockets of killed processes, which could not remove them. */
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
    // A process of another user is alive, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Returns the line that go-plugin reads from stdout. It must be printed only after the socket listens, because the host dials at
 * once.
 */
export function handshakeLine(socketPath: string): string {
  return `${String(CORE_PROTOCOL)}|${String(VELERO_PROTOCOL)}|unix|${socketPath}|grpc|\n`;
}

/**
 * Writes the line directly to the file descriptor, to avoid any delay by the stream. Then closes stdout, which nothing else may
 * use.
 */
export function announce(socketPath: string): void {
  writeSync(1, handshakeLine(socketPath));
  closeStdio(1);
}
