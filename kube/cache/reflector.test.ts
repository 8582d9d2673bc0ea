import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keyOf, formatKey, type Resource } from '../../api/kubernetes/meta.ts';
import {
  type Answer,
  type FakeApiServer,
  listOf,
  openWatch,
  resetConnection,
  startFakeApiServer,
  status,
} from '../../tests/fakes/fake-api-server.ts';
import { createKubeClient } from '../client/http-kube-client.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeError } from '../client/kube-error.ts';
import { type LogFields, type Logger, silentLogger } from '../../telemetry/log.ts';
import type { Clock } from '../runtime/clock.ts';
import { createBackoff } from './backoff.ts';
import { createReflector, type ReflectorOptions } from './reflector.ts';
import { createStore } from './store.ts';
import { widgetKind } from '../../tests/fakes/widgets.ts';

interface Widget extends Resource {
  spec?: { size: number; ballast?: string };
}
const widgets = widgetKind<Widget>();
const widget = (name: string, resourceVersion: string, more: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { namespace: 'app', name, uid: name, resourceVersion, ...more },
});
const bookmark = (resourceVersion: string) => ({ kind: 'Widget', metadata: { resourceVersion } });

/** A clock that records every wait and ends it at once. */
function hastyClock(): Clock & { waits: number[]; now: () => number } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    monotonic: () => now,
    after(ms, action) {
      waits.push(ms);
      const immediate = setImmediate(() => {
        now += ms;
        action();
      });
      return () => clearImmediate(immediate);
    },
  };
}

let server: FakeApiServer;
let client: KubeClient;
let stop: AbortController;
let running: Promise<void>[];

beforeEach(async () => {
  server = await startFakeApiServer(({ query }): Answer =>
    query.has('watch') ? openWatch : listOf('100', []),
  );
  client = createKubeClient({ server: server.url, tls: {} }, { fieldManager: 'test', maxRetries: 0 });
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await client.close();
  await server.close();
});

function start(options: Partial<ReflectorOptions<Widget>> = {}) {
  const store = createStore<Widget>();
  const clock = hastyClock();
  const changes: string[] = [];
  const listeners = new Set<() => void>();
  const name = (object: Widget | undefined) =>
    object === undefined ? '-' : `${object.metadata.name}@${object.metadata.resourceVersion ?? ''}`;
  const reflector = createReflector({
    client,
    kind: widgets,
    store,
    clock,
    random: () => 0,
    onChange: ({ before, after }) => {
      changes.push(`${name(before)} > ${name(after)}`);
      for (const listener of listeners) listener();
    },
    ...options,
  });
  running.push(reflector.run(stop.signal));
  /** Resolves after this number of changes. */
  const changed = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (changes.length >= count) resolve();
      };
      listeners.add(look);
      look();
    });
  return { store, clock, changes, changed, reflector };
}

const keysOf = (list: Widget[]) => list.map((object) => formatKey(keyOf(object)));
const queries = () =>
  server.requests.map(({ query }) =>
    query.has('watch')
      ? `watch ${query.get('resourceVersion') ?? ''}`
      : `list ${query.get('continue') ?? ''}`.trim(),
  );

describe('list and watch', () => {
  it('lists page by page, then watches from the version of the list', async () => {
    server.next(
      listOf('100', [widget('a', '1')], 'more'),
      listOf('100', [widget('b', '2', { managedFields: [{ manager: 'x' }] })]),
    );
    const { store, changes, changed, reflector } = start({
      namespace: 'app',
      labelSelector: 'x=y',
      pageSize: 1,
      transform: (object) => ({ ...object, spec: { size: 7 } }),
    });
    expect(reflector.status().hasSynced).toBe(false);
    const watch = await server.watch(0);
    expect(reflector.status().hasSynced).toBe(true);
    watch.send('ADDED', widget('c', '101'));
    watch.send('MODIFIED', widget('a', '102'));
    watch.send('DELETED', widget('b', '103'));
    await changed(5);
    expect(changes).toEqual(['- > a@1', '- > b@2', '- > c@101', 'a@1 > a@102', 'b@103 > -']);
    expect(keysOf(store.list()).sort()).toEqual(['app/a', 'app/c']);
    expect(
      store.list().every(({ spec, metadata }) => spec?.size === 7 && !('managedFields' in metadata)),
    ).toBe(true);
    expect(server.requests.map(({ path }) => path)).toEqual(
      Array(3).fill('/apis/example.com/v1/namespaces/app/widgets'),
    );
    expect(Object.fromEntries(watch.request.query)).toMatchObject({
      resourceVersion: '100',
      allowWatchBookmarks: 'true',
      labelSelector: 'x=y',
      timeoutSeconds: '300',
    });
  });

  it('resumes from the last bookmark when the server ends the watch', async () => {
    start();
    const first = await server.watch(0);
    first.send('BOOKMARK', bookmark('150'));
    first.end();
    await server.watch(1);
    expect(queries()).toEqual(['list', 'watch 100', 'watch 150']);
  });

  it('resumes from the last event after a connection reset, without a new list', async () => {
    const { clock, changed, reflector } = start();
    const first = await server.watch(0);
    first.send('ADDED', widget('a', '120'));
    await changed(1);
    first.reset();
    const second = await server.watch(1);
    expect(queries()).toEqual(['list', 'watch 100', 'watch 120']);
    expect(clock.waits).toEqual([800]);
    second.send('MODIFIED', widget('a', '121'));
    await changed(2);
    expect(reflector.status().lastError).toBeUndefined();
  });

  it('waits longer after each failure, up to 30 s, and keeps what it has', async () => {
    const { store, clock, changed } = start();
    const first = await server.watch(0);
    first.send('ADDED', widget('a', '120'));
    await changed(1);
    server.next(...Array<Answer>(8).fill(resetConnection));
    first.reset();
    await server.watch(1);
    expect(clock.waits).toEqual([800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000]);
    expect(store.size).toBe(1);
  });

  it('logs a persistent error as a warning once, and a different error again', async () => {
    const missing = status(404, 'NotFound');
    server.next(missing, missing, missing, status(403, 'Forbidden'), missing, listOf('100', []));
    const logged: string[] = [];
    const note =
      (level: string): Logger['warn'] =>
      (fields: LogFields | string) => {
        const { err } = fields as { err: KubeError };
        logged.push(`${level} ${String(err.code)}`);
      };
    start({ log: { ...silentLogger, warn: note('warn'), debug: note('debug') } });
    await server.watch(0);
    expect(logged).toEqual(['warn 404', 'debug 404', 'debug 404', 'warn 403', 'warn 404']);
  });

  it('lists again if its resourceVersion is too old, and reports the objects deleted since', async () => {
    server.next(listOf('100', [widget('a', '1'), widget('b', '2'), widget('c', '3')]));
    const { changes, changed, store } = start();
    const first = await server.watch(0);
    server.next(listOf('200', [widget('b', '2'), widget('c', '190')]));
    first.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
    await server.watch(1);
    await changed(5);
    expect(changes.slice(3)).toEqual(['a@1 > -', 'c@3 > c@190']);
    expect(keysOf(store.list())).toEqual(['app/b', 'app/c']);
    expect(queries()).toEqual(['list', 'watch 100', 'list', 'watch 200']);
  });

  it('lists again if the watch is rejected with 410, and waits longer each time', async () => {
    const { clock } = start();
    const first = await server.watch(0);
    server.handler = ({ query }) => (query.has('watch') ? status(410, 'Expired') : listOf('100', []));
    first.end();
    while (queries().length < 14) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.waits.slice(0, 3)).toEqual([800, 1600, 3200]);
  });

  it("lists again if its resourceVersion is newer than the server's, as after an etcd restore", async () => {
    start();
    const first = await server.watch(0);
    const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
    server.next(
      {
        code: 504,
        json: { kind: 'Status', code: 504, reason: 'Timeout', message: 'too large', details: { causes } },
      },
      listOf('5', []),
    );
    first.send('BOOKMARK', bookmark('150'));
    first.end();
    await server.watch(1);
    expect(queries()).toEqual(['list', 'watch 100', 'watch 150', 'list', 'watch 5']);
  });

  it('lists all at once when a page token expires', async () => {
    server.next(
      listOf('100', [widget('a', '1')], 'more'),
      status(410, 'Expired'),
      listOf('110', [widget('b', '2')]),
    );
    const { store } = start({ pageSize: 1 });
    await server.watch(0);
    expect(keysOf(store.list())).toEqual(['app/b']);
    expect(server.requests.map(({ query }) => query.get('limit'))).toEqual(['1', '1', '0', null]);
  });

  it('closes a half-open watch and opens another at once', async () => {
    const { clock, reflector } = start({ idleTimeoutMs: 150 });
    await server.watch(0);
    await server.watch(1);
    expect(clock.waits).toEqual([]);
    expect(queries()).toEqual(['list', 'watch 100', 'watch 100']);
    expect(reflector.status().lastError).toBeUndefined();
  });

  it('does not run in circles with a server that ends every watch at once', async () => {
    server.handler = ({ query }) =>
      query.has('watch') ? { raw: (response) => response.writeHead(200).end() } : listOf('100', []);
    const { clock } = start();
    while (queries().length < 5) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.waits.slice(0, 3)).toEqual([800, 1600, 3200]);
  });

  it('retries a failed list, and waits for retryAfterSeconds if the server sets it', async () => {
    server.next(status(403, 'Forbidden'), status(429, 'TooManyRequests', { retryAfterSeconds: 7 }));
    const { clock, reflector } = start();
    await server.watch(0);
    expect(clock.waits).toEqual([800, 7_000]);
    expect(reflector.status()).toMatchObject({ kind: 'Widget', hasSynced: true });
  });
});

describe('back-off', () => {
  it('starts over after two healthy minutes', () => {
    let now = 0;
    const backoff = createBackoff({
      clock: { now: () => now, monotonic: () => now, after: () => () => undefined },
      random: () => 0,
    });
    expect([backoff.next(), backoff.next()]).toEqual([800, 1_600]);
    now = 60_000;
    expect(backoff.next()).toBe(3_200);
    now += 3_200 + 120_000;
    expect(backoff.next()).toBe(800);
  });

  it('adds up to as much again by chance', () => {
    const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined };
    expect(createBackoff({ clock, random: () => 0.5 }).next()).toBe(1_200);
  });
});
