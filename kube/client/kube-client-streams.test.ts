import { describe, expect, it } from '@jest/globals';
import { openWatch, silence, status } from '../../tests/fakes/fake-api-server.ts';
import type { KubeClient } from './kube-client.ts';
import {
  TRANSPORTS,
  connect,
  key,
  server,
  useServer,
  watchOptions,
  widget,
  widgets,
} from '../../tests/fakes/kube-clients.ts';

describe.each(TRANSPORTS)('the client over %s', (_name, transport) => {
  useServer(transport);

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
