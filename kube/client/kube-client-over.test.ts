import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import {
  type FakeApiServer,
  listOf,
  openWatch,
  resetConnection,
  silence,
  startFakeApiServer,
  status,
} from '../../tests/fakes/fake-api-server.ts';
import type { KubeClient } from './kube-client.ts';
import { createKubeClientOver, type KubeClientOptions } from './kube-client-over.ts';
import { createNodeTransport } from './node-transport.ts';
import type { OpenTransport } from './transport.ts';
import { createUndiciTransport } from './undici-transport.ts';
import { widgetKind } from '../../tests/fakes/widgets.ts';

interface Widget extends Resource {
  spec?: { size: number };
}
const widgets = widgetKind<Widget>();
const nodes: Kind<Resource> = { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false };
const key = { namespace: 'app', name: 'a' };
const widget: Widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: key, spec: { size: 1 } };
const watchOptions = { resourceVersion: '5', timeoutSeconds: 300, idleTimeoutMs: 5_000 };

let server: FakeApiServer;
let clients: KubeClient[];
let openTransport: OpenTransport;

beforeEach(async () => {
  clients = [];
  server = await startFakeApiServer(() => ({ json: widget }));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
});

function connect(options: Partial<KubeClientOptions> = {}, path = ''): KubeClient {
  const config = { server: server.url + path, tls: {} };
  const client = createKubeClientOver(openTransport, config, { fieldManager: 'me', ...options });
  clients.push(client);
  return client;
}

describe.each([
  ['undici', createUndiciTransport],
  ['node:http', createNodeTransport],
])('the client over %s', (_name, transport) => {
  beforeEach(() => {
    openTransport = transport;
  });

  describe('requests', () => {
    it('addresses namespaced, cluster-scoped, core and group kinds, also behind a path', async () => {
      await connect().get(widgets, key);
      await connect().get(nodes, { name: 'n 1' });
      await connect({}, '/k8s/c-1/').get(nodes, { name: 'n' });
      expect(server.requests.map(({ path }) => path)).toEqual([
        '/apis/example.com/v1/namespaces/app/widgets/a',
        '/api/v1/nodes/n%201',
        '/k8s/c-1/api/v1/nodes/n',
      ]);
    });

    it('refuses keys that would address something else', async () => {
      const client = connect();
      await expect(client.get(widgets, { name: 'a' })).rejects.toThrow('the key has no namespace');
      await expect(client.get(widgets, { namespace: 'app', name: '' })).rejects.toThrow('the name is empty');
      await expect(client.get(widgets, { namespace: '..', name: 'x' })).rejects.toThrow(
        'not a Kubernetes name',
      );
      expect(server.requests).toEqual([]);
    });

    it('applies with its field manager and with force by default', async () => {
      const client = connect();
      await client.apply(widgets, widget);
      await client.applyStatus(widgets, widget, { force: false, fieldManager: 'other' });
      const [first, second] = server.requests;
      expect(first).toMatchObject({
        method: 'PATCH',
        path: '/apis/example.com/v1/namespaces/app/widgets/a',
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
      expect(Object.fromEntries(first?.query ?? [])).toEqual({ fieldManager: 'me', force: 'true' });
      expect(second?.path).toBe('/apis/example.com/v1/namespaces/app/widgets/a/status');
      expect(Object.fromEntries(second?.query ?? [])).toEqual({ fieldManager: 'other', force: 'false' });
    });

    it('creates, patches and deletes with the requests that Kubernetes expects', async () => {
      const client = connect();
      await client.create(widgets, widget);
      await client.mergePatch(widgets, key, { spec: { size: 2 } }, { subresource: 'status' });
      await client.delete(widgets, key, { uid: 'u', propagationPolicy: 'Background' });
      expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'POST /apis/example.com/v1/namespaces/app/widgets',
        'PATCH /apis/example.com/v1/namespaces/app/widgets/a/status',
        'DELETE /apis/example.com/v1/namespaces/app/widgets/a',
      ]);
      expect(server.requests[1]?.headers['content-type']).toBe('application/merge-patch+json');
      expect(JSON.parse(server.requests[2]?.body ?? '')).toMatchObject({
        kind: 'DeleteOptions',
        preconditions: { uid: 'u' },
        propagationPolicy: 'Background',
      });
    });

    it('reads the credentials for every call, and refreshes them after a 401', async () => {
      const asked: boolean[] = [];
      const authorization = (fresh: boolean) => {
        asked.push(fresh);
        return Promise.resolve(`Bearer ${fresh ? 'new' : 'old'}`);
      };
      const config = { server: server.url, tls: {}, authorization };
      const client = createKubeClientOver(openTransport, config, { fieldManager: 'me' });
      clients.push(client);
      server.next(status(401, 'Unauthorized'));
      await client.create(widgets, widget);
      expect(asked).toEqual([false, true]);
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer old',
        'Bearer new',
      ]);
      server.next(status(401, 'Unauthorized'), status(401, 'Unauthorized'));
      await expect(client.get(widgets, key)).rejects.toMatchObject({ code: 401 });
    });
  });

  describe('answers', () => {
    it('has undefined for what is not there, and false for deleting it', async () => {
      server.handler = () => status(404, 'NotFound');
      const client = connect();
      expect(await client.get(widgets, key)).toBeUndefined();
      expect(await client.delete(widgets, key)).toBe(false);
      await expect(client.mergePatch(widgets, key, {})).rejects.toMatchObject({
        code: 404,
        message: 'patch Widget app/a: 404 NotFound: the server says NotFound',
      });
    });

    it('reads all pages, and continues if the list expires between pages', async () => {
      const item = (name: string) => ({ metadata: { name, namespace: 'app' } });
      server.next(
        listOf('7', [item('a')], 'token-1'),
        status(410, 'Expired', { continue: 'token-2' }),
        listOf('9', [item('b')]),
      );
      const found: Widget[] = [];
      for await (const one of connect().list(widgets, { labelSelector: 'x=y', pageSize: 1 })) found.push(one);
      expect(found.map(({ metadata, kind, apiVersion }) => [metadata.name, kind, apiVersion])).toEqual([
        ['a', 'Widget', 'example.com/v1'],
        ['b', 'Widget', 'example.com/v1'],
      ]);
      expect(server.requests.map(({ query }) => Object.fromEntries(query))).toEqual([
        { limit: '1', labelSelector: 'x=y' },
        { limit: '1', labelSelector: 'x=y', continue: 'token-1' },
        { limit: '1', labelSelector: 'x=y', continue: 'token-2' },
      ]);
    });

    it('rejects an answer that is not JSON with a KubeError', async () => {
      server.handler = () => ({ raw: (response) => response.writeHead(502).end('<html>Bad Gateway</html>') });
      await expect(connect().get(widgets, key)).rejects.toMatchObject({
        code: 502,
        message: expect.stringContaining('Bad Gateway'),
      });
      server.handler = () => ({ raw: (response) => response.end('<html>') });
      await expect(connect().get(widgets, key)).rejects.toMatchObject({ name: 'KubeError', code: 0 });
    });

    it('reads characters that are split between pieces', async () => {
      const text = Buffer.from(JSON.stringify({ ...widget, note: 'grüße 🚚' }));
      server.handler = () => ({
        raw: (response) => {
          for (const byte of text) response.write(Buffer.from([byte]));
          response.end();
        },
      });
      expect(await connect().get(widgets, key)).toMatchObject({ note: 'grüße 🚚' });
    });
  });

  describe('trouble', () => {
    it('waits for Retry-After, and then retries a call that may be repeated', async () => {
      server.next(status(429, 'TooManyRequests', { retryAfterSeconds: 1 }));
      const startedAt = performance.now();
      await connect().apply(widgets, widget);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
      expect(server.requests).toHaveLength(2);
    });

    it('fails after its last retry, or at once if Retry-After exceeds the time limit', async () => {
      server.handler = () => status(503, 'ServiceUnavailable');
      await expect(connect({ maxRetries: 2 }).get(widgets, key)).rejects.toMatchObject({ code: 503 });
      expect(server.requests).toHaveLength(3);
      server.handler = () => status(429, 'TooManyRequests', { retryAfterSeconds: 60 });
      await expect(connect().get(widgets, key)).rejects.toMatchObject({ code: 429, retryAfterMs: 60_000 });
      expect(server.requests).toHaveLength(4);
    });

    it('never repeats a create, nor what failed for good', async () => {
      const client = connect();
      server.handler = () => status(503, 'ServiceUnavailable');
      await expect(client.create(widgets, widget)).rejects.toMatchObject({ code: 503 });
      server.handler = () => status(422, 'Invalid');
      await expect(client.apply(widgets, widget)).rejects.toMatchObject({ code: 422 });
      expect(server.requests).toHaveLength(2);
    });

    it('tries again on a new connection when the old one is reset', async () => {
      server.next(resetConnection);
      await connect().get(widgets, key);
      expect(server.requests).toHaveLength(2);
      server.next(resetConnection);
      await expect(connect().create(widgets, widget)).rejects.toMatchObject({
        code: 0,
        reason: 'ConnectionError',
      });
    });

    it('names a server that is not there', async () => {
      await server.close();
      const client = connect({ maxRetries: 0 });
      await expect(client.get(widgets, key)).rejects.toMatchObject({
        reason: 'ConnectionError',
        message: expect.stringMatching(/^get Widget app\/a: .*ECONNREFUSED/),
      });
      server = await startFakeApiServer();
    });

    it('aborts a call at its time limit, before or after the headers', async () => {
      const client = connect({ timeoutMs: 200 });
      server.next(silence);
      await expect(client.get(widgets, key)).rejects.toMatchObject({
        reason: 'ClientTimeout',
        message: 'get Widget app/a: no answer from the API server within 0.2 s',
      });
      server.next({ raw: (response) => response.write('{"half":') });
      await expect(client.get(widgets, key)).rejects.toMatchObject({ reason: 'ClientTimeout' });
      expect(await client.get(widgets, key)).toEqual(widget);
    });

    it('rejects with the reason of the signal', async () => {
      const client = connect();
      const stop = new AbortController();
      server.next(silence);
      const call = client.get(widgets, key, { signal: stop.signal });
      const reason = new Error('no longer wanted');
      setImmediate(() => stop.abort(reason));
      await expect(call).rejects.toBe(reason);
      await expect(client.get(widgets, key, { signal: stop.signal })).rejects.toBe(reason);
    });
  });

  describe('connections', () => {
    it('shares three for any number of calls', async () => {
      const client = connect();
      await Promise.all(Array.from({ length: 60 }, () => client.get(widgets, key)));
      for (let index = 0; index < 270; index++) await client.get(widgets, key);
      expect(server.requests).toHaveLength(330);
      expect(server.connections.total).toBeLessThanOrEqual(3);
    });

    it('reuses them for all kinds of calls, including deletes with options', async () => {
      const client = connect({ maxConnections: 1 });
      const calls: (() => Promise<unknown>)[] = [
        () => client.get(widgets, key),
        () => client.create(widgets, widget),
        () => client.mergePatch(widgets, key, { spec: { size: 2 } }),
        () => client.delete(widgets, key, { propagationPolicy: 'Background' }),
      ];
      for (const call of [...calls, ...calls]) await call();
      expect(server.requests).toHaveLength(8);
      expect(server.connections.total).toBe(1);
    });

    it('breaks what is open when it is closed, and takes no more calls', async () => {
      const client = connect();
      server.next(openWatch, silence);
      const events = client.watch(widgets, watchOptions)[Symbol.asyncIterator]();
      const watching = events.next();
      await server.watch(0);
      const calling = client.create(widgets, widget);
      while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await Promise.all([
        expect(watching).rejects.toMatchObject({ code: 0 }),
        expect(calling).rejects.toMatchObject({ reason: 'ClientClosed' }),
        client.close(),
      ]);
      await expect(client.get(widgets, key)).rejects.toMatchObject({ reason: 'ClientClosed' });
      while (server.connections.open > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });

    it('answers calls while watches are open on separate connections', async () => {
      const client = connect({ maxConnections: 1 });
      const stop = new AbortController();
      server.next(openWatch, openWatch, openWatch);
      const watching = [0, 1, 2].map(async () => {
        for await (const _ of client.watch(widgets, { ...watchOptions, signal: stop.signal }));
      });
      await server.watch(2);
      expect(await client.get(widgets, key)).toEqual(widget);
      stop.abort(new Error('over'));
      await Promise.allSettled(watching);
      expect(server.connections.total).toBe(4);
    });
  });

  describe('watch', () => {
    const first = async (client: KubeClient, options: object = {}) => {
      const seen: unknown[] = [];
      try {
        for await (const { type, object } of client.watch(widgets, { ...watchOptions, ...options }))
          seen.push(`${type} ${object.metadata.resourceVersion ?? ''}`);
        return { seen };
      } catch (error) {
        return { seen, error };
      }
    };
    const at = (resourceVersion: string) => ({ ...widget, metadata: { ...key, resourceVersion } });

    it('yields events and bookmarks, also when they come in pieces, until the server ends it', async () => {
      server.next(openWatch);
      const reading = first(connect(), { namespace: 'app', fieldSelector: 'metadata.name=a' });
      const watch = await server.watch(0);
      watch.send('ADDED', at('6'));
      const line = JSON.stringify({ type: 'MODIFIED', object: at('7') });
      watch.write(line.slice(0, 20));
      await new Promise((resolve) => setTimeout(resolve, 20));
      watch.write(`${line.slice(20)}\n${JSON.stringify({ type: 'BOOKMARK', object: at('9') })}\n`);
      watch.end();
      expect(await reading).toEqual({ seen: ['ADDED 6', 'MODIFIED 7', 'BOOKMARK 9'] });
      expect(Object.fromEntries(watch.request.query)).toEqual({
        watch: 'true',
        allowWatchBookmarks: 'true',
        fieldSelector: 'metadata.name=a',
        resourceVersion: '5',
        timeoutSeconds: '300',
      });
    });

    it('throws what the server reports, in the status line or in the stream', async () => {
      server.next(status(410, 'Expired'));
      expect(await first(connect())).toMatchObject({ error: { code: 410 } });
      server.next(openWatch);
      const reading = first(connect());
      const watch = await server.watch(0);
      watch.send('ERROR', {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      });
      expect(await reading).toMatchObject({
        error: { code: 410, message: expect.stringContaining('too old') },
      });
    });

    it('throws when the connection is reset', async () => {
      server.next(openWatch);
      const reading = first(connect());
      const watch = await server.watch(0);
      watch.send('ADDED', at('6'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      watch.reset();
      expect(await reading).toMatchObject({ seen: ['ADDED 6'], error: { reason: 'ConnectionError' } });
    });

    it('closes a connection that is silent for the idle limit, but not while bookmarks arrive', async () => {
      server.next(openWatch);
      const reading = first(connect(), { idleTimeoutMs: 1_000 });
      const watch = await server.watch(0);
      for (let beat = 0; beat < 4; beat++) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        watch.send('BOOKMARK', at(String(beat)));
      }
      expect(await reading).toMatchObject({ seen: { length: 4 }, error: { reason: 'WatchIdle' } });
    });

    it('fails if no headers arrive within the time limit', async () => {
      server.next(silence);
      expect(await first(connect({ timeoutMs: 200 }))).toMatchObject({ error: { reason: 'WatchIdle' } });
    });

    it('closes its connection when the reader leaves', async () => {
      server.next(openWatch);
      const client = connect();
      const reading = (async () => {
        const events = client.watch(widgets, watchOptions)[Symbol.asyncIterator]();
        const { value } = (await events.next()) as { value: { type: string } };
        await events.return?.();
        return value.type;
      })();
      (await server.watch(0)).send('ADDED', at('6'));
      expect(await reading).toBe('ADDED');
      while (server.connections.open > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
  });

  describe('pod log', () => {
    it('yields lines, and waits on a followed log as long as it takes', async () => {
      const client = connect({ timeoutMs: 100 });
      server.next({
        raw: (response) => {
          setTimeout(() => response.write('one\ntw'), 250);
          setTimeout(() => response.end('o\nthree'), 300);
        },
      });
      const lines: string[] = [];
      for await (const line of client.podLog(key, { follow: true, tailLines: 10, container: 'c' }))
        lines.push(line);
      expect(lines).toEqual(['one', 'two', 'three']);
      expect(server.requests[0]?.path).toBe('/api/v1/namespaces/app/pods/a/log');
      expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
        container: 'c',
        follow: 'true',
        tailLines: '10',
      });
    });

    it('has a time limit without follow', async () => {
      server.next(silence);
      const log = connect({ timeoutMs: 100 }).podLog(key);
      await expect(log[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'ClientTimeout' });
    });
  });
});
