import { describe, expect, it } from '@jest/globals';
import {
  listOf,
  openWatch,
  resetConnection,
  silence,
  startFakeApiServer,
  status,
} from '../../tests/fakes/fake-api-server.ts';
import { createKubeClientOver } from './kube-client-over.ts';
import {
  TRANSPORTS,
  closeAtEnd,
  connect,
  key,
  nodes,
  replaceServer,
  server,
  useServer,
  watchOptions,
  widget,
  widgets,
  type Widget,
} from '../../tests/fakes/kube-clients.ts';

describe.each(TRANSPORTS)('the client over %s', (_name, transport) => {
  useServer(transport);

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
      const client = createKubeClientOver(transport, config, { fieldManager: 'me' });
      closeAtEnd(client);
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
      replaceServer(await startFakeApiServer());
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
});
