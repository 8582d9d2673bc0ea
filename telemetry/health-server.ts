import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Returns a problem, or undefined. */
export type HealthCheck = () => string | undefined;

export interface HealthServerOptions {
  /** Default `127.0.0.1`. */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  /** For `/healthz`: if one fails, the process should be restarted. */
  alive?: Readonly<Record<string, HealthCheck>>;
  /** For `/readyz`: if one fails, the process is not working yet, or is stopping. */
  ready?: Readonly<Record<string, HealthCheck>>;
  /** For `/metrics`; absent: 404. */
  scrape?: () => Promise<{ contentType: string; body: string }>;
  /** The longest blockage of the event loop since the last probe. Default 10 s. */
  maxLoopDelayMs?: number;
}

/** Serves `/healthz`, `/readyz` and `/metrics` over plain HTTP. */
export interface HealthServer {
  /** Resolves with the port when the server listens. */
  start(): Promise<number>;
  close(): Promise<void>;
}

export function createHealthServer(options: HealthServerOptions): HealthServer {
  const { host = '127.0.0.1', port, maxLoopDelayMs = 10_000 } = options;
  const delay = monitorEventLoopDelay({ resolution: 20 });

  const eventLoop: HealthCheck = () => {
    const worstMs = Math.round(delay.max / 1e6);
    delay.reset();
    return worstMs > maxLoopDelayMs ? `the event loop was blocked for ${String(worstMs)} ms` : undefined;
  };

  async function answer(path: string, response: ServerResponse): Promise<void> {
    switch (path) {
      case '/healthz':
        report(response, { eventLoop, ...options.alive });
        return;
      case '/readyz':
        report(response, options.ready ?? {});
        return;
      case '/metrics': {
        if (options.scrape === undefined) break;
        const { contentType, body } = await options.scrape();
        response.writeHead(200, { 'content-type': contentType }).end(body);
        return;
      }
    }
    response.writeHead(404).end('not found\n');
  }

  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    answer(path, response).catch((error: unknown) => {
      response.writeHead(500).end(`${String(error)}\n`);
    });
  });

  return {
    start() {
      delay.enable();
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      });
    },
    close() {
      delay.disable();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Writes one line per check, like the API server: `[+]name ok`, `[-]name reason`. */
function report(response: ServerResponse, checks: Readonly<Record<string, HealthCheck>>): void {
  const results = Object.entries(checks).map(([name, check]) => ({ name, problem: check() }));
  const failed = results.some(({ problem }) => problem !== undefined);
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} ${problem}`,
  );
  response.writeHead(failed ? 503 : 200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${[...lines, failed ? 'failed' : 'ok'].join('\n')}\n`);
}
