import {
  credentials,
  loadPackageDefinition,
  type Client,
  type ServiceClientConstructor,
  type Server,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../telemetry/log.ts';
import { PluginError } from '../plugin-error.ts';
import { createPluginServer, listen } from './server.ts';

/** The parts of the host's protocol that Velero's client code hides. */

type Call = (request: unknown, done: (error: Error | null, answer: unknown) => void) => void;

let dir: string;
let server: Server;
let exits: number;
let deleted: string[];
let signals: AbortSignal[];
const clients: Client[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'server-'));
  exits = 0;
  deleted = [];
  signals = [];
  server = createPluginServer({
    actions: {
      backupItemActions: {},
      restoreItemActions: {},
      deleteItemActions: {
        'x.io/delete': {
          resources: ['things.x.io'],
          async execute({ item, backup }, { signal }) {
            signals.push(signal);
            deleted.push(`${String(item)} of ${backup.metadata.name}`);
            if (String(item) === '{}') throw new PluginError('it stays');
          },
        },
      },
      itemBlockActions: {
        'x.io/block': {
          resources: ['things.x.io'],
          relatedItems: async ({ item }) => [
            { group: '', resource: 'things', namespace: 'app', name: String(item) },
          ],
        },
      },
    },
    command: '/plugins/x',
    log: silentLogger,
    exit: () => {
      exits++;
    },
  });
  await listen(server, join(dir, 'socket'));
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  server.forceShutdown();
  rmSync(dir, { recursive: true, force: true });
});

/** Reads the .proto files independently, so that an error of our codec is not compared with itself. */
const includeDirs = [join(import.meta.dirname, '../../proto')];
const packages = loadPackageDefinition(
  loadSync(globSync('**/*.proto', { cwd: includeDirs[0]! }), { includeDirs, keepCase: true, enums: String }),
);

function client(service: string): Client & Record<string, unknown> {
  const Service = service
    .split('.')
    .reduce<Record<string, unknown>>((at, part) => at[part] as Record<string, unknown>, packages);
  const Constructor = Service as unknown as ServiceClientConstructor;
  const made = new Constructor(`unix:${join(dir, 'socket')}`, credentials.createInsecure());
  clients.push(made);
  return made;
}

function ask(service: string, method: string, request: unknown): Promise<unknown> {
  const stub = client(service);
  return new Promise((resolve, reject) => {
    (stub[method] as Call).call(stub, request, (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

describe('the server', () => {
  it('is healthy under the service name that go-plugin checks', async () => {
    await expect(ask('grpc.health.v1.Health', 'Check', { service: 'plugin' })).resolves.toEqual({
      status: 'SERVING',
    });
    await expect(ask('grpc.health.v1.Health', 'Check', { service: 'other' })).rejects.toMatchObject({
      code: 5,
    });
  });

  it('answers Shutdown first and exits then', async () => {
    await expect(ask('plugin.GRPCController', 'Shutdown', {})).resolves.toEqual({});
    await new Promise((resolve) => setImmediate(resolve));
    expect(exits).toBeGreaterThan(0);
  });

  it('keeps the stdio and broker streams open and silent until the host ends them', async () => {
    const stdio = client('plugin.GRPCStdio');
    const output = (
      stdio.StreamStdio as (request: object) => import('@grpc/grpc-js').ClientReadableStream<unknown>
    ).call(stdio, {});
    const broker = client('plugin.GRPCBroker');
    const stream = (
      broker.StartStream as () => import('@grpc/grpc-js').ClientDuplexStream<unknown, unknown>
    ).call(broker);
    let said = 0;
    output.on('data', () => said++);
    stream.on('data', () => said++);
    await ask('grpc.health.v1.Health', 'Check', { service: 'plugin' });
    expect(said).toBe(0);

    const ended = once(stream, 'end');
    stream.resume();
    stream.end();
    await ended;
    const cancelled = once(output, 'error');
    output.cancel();
    expect((await cancelled)[0]).toMatchObject({ code: 1 });
  });

  it('lists its actions under the kinds that Velero knows', async () => {
    await expect(ask('generated.PluginLister', 'ListPlugins', {})).resolves.toEqual({
      plugins: [
        { command: '/plugins/x', kind: 'DeleteItemAction', name: 'x.io/delete' },
        { command: '/plugins/x', kind: 'ItemBlockAction', name: 'x.io/block' },
      ],
    });
  });

  const backup = Buffer.from('{"metadata":{"name":"daily"}}');

  it('carries deletions, and their errors', async () => {
    const service = 'generated.DeleteItemAction';
    const plugin = 'x.io/delete';
    await expect(ask(service, 'AppliesTo', { plugin })).resolves.toMatchObject({
      ResourceSelector: { includedResources: ['things.x.io'] },
    });
    await expect(ask(service, 'Execute', { plugin, item: Buffer.from('1'), backup })).resolves.toEqual({});
    await expect(ask(service, 'Execute', { plugin, item: Buffer.from('{}'), backup })).rejects.toMatchObject({
      code: 2,
      details: 'it stays',
    });
    expect(deleted).toEqual(['1 of daily', '{} of daily']);
    // gRPC reports every call as cancelled after its end.
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  it('carries the items of a block', async () => {
    const request = { plugin: 'x.io/block', item: Buffer.from('one'), backup };
    await expect(ask('v1.ItemBlockAction', 'GetRelatedItems', request)).resolves.toEqual({
      relatedItems: [{ group: '', resource: 'things', namespace: 'app', name: 'one' }],
    });
  });
});
