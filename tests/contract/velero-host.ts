import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { harnessProgram, type VeleroVersion } from './harness-program.ts';

/** A line of the log as Velero prints it with `--log-format json`. */
export type LogEntry = Record<string, unknown> & { level: string; msg: string };

/** The error of a call as Velero's client code reports it. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly place: { file: string; function: string } | undefined;
  constructor(message: string, place: { file: string; function: string } | undefined) {
    super(message);
    this.place = place;
  }
}

export interface Call {
  op: string;
  session?: string;
  dir?: string;
  kind?: string;
  name?: string;
  /** JSON text, sent unchanged. */
  item?: string;
  fromBackup?: string;
  owner?: unknown;
  operationID?: string;
  /** The objects of the cluster in which Velero evaluates a claim. */
  facts?: unknown;
}

/** Velero's side of the plugin protocol: its registry, its managers (one per session), its logger. */
export interface VeleroHost {
  call(call: Call): Promise<{ result: unknown; millis: number }>;
  /** The log lines of a session so far. */
  logs(session: string): LogEntry[];
  readonly pid: number;
  close(): Promise<void>;
}

export const pluginDir = join(import.meta.dirname, '../../dist/plugin');
export const pluginPath = join(pluginDir, 'velero-plugin-for-datamover');

export interface HostOptions {
  /** Version of the client code. Default: the newest. */
  version?: VeleroVersion;
  /** Flags of `velero server`, which reach the plugin. */
  flags?: readonly string[];
  /** Added to the environment, which reaches the plugin; `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** How to start the host's program, if not directly: command and arguments that precede the host's. */
  start?: (program: string) => readonly [string, ...string[]];
}

export async function startVeleroHost(options: HostOptions = {}): Promise<VeleroHost> {
  if (!existsSync(pluginPath)) throw new Error('dist/plugin is empty: run `make plugin` first');
  const flags = ['--features=', '--uploader-type=kopia', ...(options.flags ?? ['--log-level=debug'])];
  // As in Velero's own deployment; extra CA bundles slow down each start of Node.js, which the tests must not measure.
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const env = { ...inherited, LD_LIBRARY_PATH: pluginDir, ...options.env };
  const program = await harnessProgram(options.version);
  const [command, ...before] = options.start?.(program) ?? [program];
  const child = spawn(command, [...before, 'server', ...flags], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });

  const waiting = new Map<number, (answer: Answer) => void>();
  const logs = new Map<string, LogEntry[]>();
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
    const message = parseExactly(line) as Answer | { session: string; log: LogEntry };
    if ('log' in message) {
      logs.set(message.session, [...(logs.get(message.session) ?? []), message.log]);
    } else {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });

  let lastId = 0;
  return {
    pid: child.pid ?? 0,
    async call({ item, fromBackup, ...call }) {
      const id = ++lastId;
      const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      child.stdin.write(`${withRawJson({ id, ...call }, { item, fromBackup })}\n`);
      const { error, stack, result, millis } = await answer;
      if (error !== undefined) throw new HostError(error, stack);
      return { result, millis };
    },
    logs: (session) => logs.get(session) ?? [],
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
  stack?: { file: string; function: string };
  millis: number;
}

/** Items are sent unchanged: if they were parsed here, their numbers would be rounded before the test starts. */
function withRawJson(call: object, raw: Record<string, string | undefined>): string {
  const parts = Object.entries(raw).flatMap(([key, text]) =>
    text === undefined ? [] : [`${JSON.stringify(key)}:${text}`],
  );
  return [JSON.stringify(call).slice(0, -1), ...parts].join(',') + '}';
}

/** Integers beyond JavaScript's number range are returned as bigints, so that a test can check that they are unchanged. */
function parseExactly(text: string): unknown {
  type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
  const exact: Reviver = (_key, value, { source }) =>
    typeof value === 'number' &&
    source !== undefined &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);
}
