import { afterEach, describe, expect, it } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHealthServer, type HealthServer } from './health-server.ts';
import { createLogger, silentLogger } from './log.ts';
import { noMetrics } from './metrics.ts';
import { createPrometheusMetrics } from './prometheus.ts';

let server: HealthServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe('health server', () => {
  it('answers probes from its checks, one line each', async () => {
    const problems: string[] = [];
    server = createHealthServer({
      port: 0,
      ready: { caches: () => problems[0] },
      alive: { watches: () => undefined },
    });
    const url = `http://127.0.0.1:${await server.start()}`;
    const get = async (path: string) => {
      const response = await fetch(url + path);
      return [response.status, await response.text()];
    };
    expect(await get('/readyz')).toEqual([200, '[+]caches ok\nok\n']);
    problems.push('not in sync: Widget');
    expect(await get('/readyz?verbose')).toEqual([503, '[-]caches not in sync: Widget\nfailed\n']);
    expect(await get('/healthz')).toEqual([200, '[+]eventLoop ok\n[+]watches ok\nok\n']);
    expect(await get('/metrics')).toEqual([404, 'not found\n']);
    expect(await get('/')).toEqual([404, 'not found\n']);
  });

  it('is not alive after the event loop was blocked for too long, until the next probe', async () => {
    server = createHealthServer({ port: 0, maxLoopDelayMs: 700 });
    const url = `http://127.0.0.1:${await server.start()}/healthz`;
    await fetch(url);
    // The monitor samples every 20 ms and measures between two samples.
    await new Promise((resolve) => setTimeout(resolve, 60));
    const until = performance.now() + 1_000;
    while (performance.now() < until);
    const blocked = await fetch(url);
    expect([blocked.status, await blocked.text()]).toEqual([
      503,
      expect.stringMatching(/blocked for \d+ ms/),
    ]);
    expect((await fetch(url)).status).toBe(200);
  });

  it('serves metrics, and rejects when its port is taken', async () => {
    const metrics = createPrometheusMetrics({ process: false });
    metrics
      .counter({ name: 'datamover_things_total', help: 'Things', labels: ['kind'] })
      .inc({ kind: 'a' }, 2);
    server = createHealthServer({ port: 0, scrape: () => metrics.scrape() });
    const port = await server.start();
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('datamover_things_total{kind="a"} 2');
    await expect(createHealthServer({ port }).start()).rejects.toThrow('EADDRINUSE');
  });
});

describe('metrics', () => {
  it('are the same object for the same name', async () => {
    const metrics = createPrometheusMetrics({ process: false });
    const definition = { name: 'datamover_depth', help: 'Depth' };
    metrics.gauge(definition).set(1);
    metrics.gauge(definition).set(2);
    metrics.histogram({ name: 'datamover_time_seconds', help: 'Time', buckets: [1, 2] }).observe(1.5);
    const { body } = await metrics.scrape();
    expect(body).toContain('datamover_depth 2');
    expect(body).toContain('datamover_time_seconds_bucket{le="2"} 1');
  });

  it('reads some at every scrape, and forgets what is not among them any more', async () => {
    const metrics = createPrometheusMetrics({ process: false });
    const read: { value: number; labels: { phase: string } }[] = [{ value: 2, labels: { phase: 'Moving' } }];
    metrics.readings({ name: 'datamover_things', help: 'Things', labels: ['phase'] }, () => read);
    expect((await metrics.scrape()).body).toContain('datamover_things{phase="Moving"} 2');
    read.length = 0;
    expect((await metrics.scrape()).body).not.toContain('Moving');
  });

  it('can be switched off', () => {
    noMetrics.counter({ name: 'a', help: 'a' }).inc();
    noMetrics.gauge({ name: 'a', help: 'a' }).set(1);
    noMetrics.histogram({ name: 'a', help: 'a' }).observe(1);
    noMetrics.readings({ name: 'a', help: 'a' }, () => []);
  });
});

describe('log', () => {
  it('writes JSON lines with level, time, fields and errors, and hides tokens', () => {
    const dir = mkdtempSync(join(tmpdir(), 'log-'));
    const path = join(dir, 'log');
    const fd = openSync(path, 'w');
    const log = createLogger({ level: 'info', fields: { program: 'test' }, fd }).child({
      controller: 'backup',
    });
    log.debug('not shown');
    log.info({ name: 'data', token: 'secret' }, 'started');
    log.error({ err: new Error('broken') }, 'failed');
    closeSync(fd);
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    rmSync(dir, { recursive: true });
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        program: 'test',
        controller: 'backup',
        name: 'data',
        token: '[hidden]',
        msg: 'started',
      },
      expect.objectContaining({ level: 'error', err: expect.objectContaining({ message: 'broken' }) }),
    ]);
  });

  it.each(['a\n{"level":"error","msg":"forged"}', 'a\r\nb', 'a\u2028b', '"}\n{"', '\u001b[2J\0'])(
    'writes %j as one line, in any field',
    (text) => {
      const dir = mkdtempSync(join(tmpdir(), 'log-'));
      const path = join(dir, 'log');
      const fd = openSync(path, 'w');
      const log = createLogger({ level: 'info', fields: {}, fd }).child({ namespace: text });
      log.warn({ name: text, [text]: text, err: new Error(text) }, text);
      closeSync(fd);
      const written = readFileSync(path, 'utf8');
      rmSync(dir, { recursive: true });
      expect(written.trimEnd().split(/[\n\r]/)).toHaveLength(1);
      expect(written.trimEnd()).not.toMatch(/\p{Cc}/u);
      expect(JSON.parse(written)).toMatchObject({ level: 'warn', namespace: text, name: text, msg: text });
    },
  );

  it('has a silent one', () => {
    expect(silentLogger.child({ a: 1 })).toBe(silentLogger);
    silentLogger.info('nothing');
  });
});
