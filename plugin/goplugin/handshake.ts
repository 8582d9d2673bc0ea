import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the host sets in the environment of every process that it starts as a plugin. */
const COOKIE = { key: 'VELERO_PLUGIN', value: 'hello' } as const;

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

/** A fresh folder per process, open to its user only: several processes of one plugin live side by side. */
export function createSocketPath(env: Environment): SocketPath {
  const parent = env.PLUGIN_UNIX_SOCKET_DIR ?? tmpdir();
  const folder = mkdtempSync(join(parent, 'plugin-datamover-'));
  return {
    path: join(folder, 'socket'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The one line that go-plugin reads from stdout. It must be printed only once the socket listens: the host dials at once. */
export function handshakeLine(socketPath: string): string {
  return `${String(CORE_PROTOCOL)}|${String(VELERO_PROTOCOL)}|unix|${socketPath}|grpc|\n`;
}

/** Written past the stream layer: nothing else may ever reach stdout, and nothing may delay this. */
export function announce(socketPath: string): void {
  writeSync(1, handshakeLine(socketPath));
}
