import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { COOKIE, handshakeLine } from './handshake.ts';
import { services, type Services } from './services.ts';

/** Velero's side of the protocol, as far as a self-test needs it: one plugin process, and calls to it. */
export interface PluginHost {
  readonly pid: number;
  /** The path of the socket that the plugin announced. */
  readonly socketPath: string;
  /** The lines that the process has logged so far. */
  readonly log: readonly string[];
  call(service: keyof Services, method: string, request: object): Promise<Record<string, unknown>>;
  /** Resolves with the exit code after the process has ended and all of its output was read; `null` for a signal. */
  readonly ended: Promise<number | null>;
  /** Kills the process with SIGKILL. */
  kill(): void;
}

export interface PluginProgram {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

const START_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 30_000;

/** Starts a program as Velero starts its plugins. Rejects if its first line is not the handshake. */
export async function startPlugin({ command, args, env }: PluginProgram): Promise<PluginHost> {
  const child = spawn(command, args, {
    env: { ...env, [COOKIE.key]: COOKIE.value },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  createInterface(child.stderr).on('line', (line) => log.push(line));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const kill = (): void => void child.kill('SIGKILL');

  const lines = createInterface(child.stdout);
  const line = await Promise.race([
    once(lines, 'line', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }).then(([text]) => text as string),
    ended.then((code) => `(nothing; it ended with code ${String(code)})`),
  ]).catch((cause: unknown) => {
    kill();
    throw new Error('no handshake', { cause });
  });
  const socketPath = line.split('|')[3] ?? '';
  if (`${line}\n` !== handshakeLine(socketPath)) {
    kill();
    throw new Error(`no handshake but: ${[line, ...log].join('\n')}`);
  }
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  void ended.then(() => client.close());
  return { pid: child.pid ?? 0, socketPath, log, ended, kill, call: caller(client) };
}

type Method = MethodDefinition<object, Record<string, unknown>>;

function caller(client: Client): PluginHost['call'] {
  return (service, name, request) => {
    const method = (services[service] as unknown as Record<string, Method | undefined>)[name];
    if (method === undefined) throw new Error(`${service} has no method ${name}`);
    const { path, requestSerialize, responseDeserialize } = method;
    const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        options,
        (error, answer) => {
          if (error) reject(error);
          else resolve(answer ?? {});
        },
      );
    });
  };
}
