import type { Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE_MS, type HttpRequest, type OpenTransport } from './transport.ts';

/**
 * Two pools of HTTP/1.1 keep-alive connections to one API server: calls share a few connections, and each watch or
 * followed log has one of its own, so that streams never starve calls.
 */
export const createUndiciTransport: OpenTransport = (options) => {
  const common = {
    connect: { ...options.tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // Limits are ours (one per call), and a quiet watch is a healthy watch.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  };
  const pools: Record<HttpRequest['pool'], Dispatcher> = {
    call: new Pool(options.origin, { ...common, connections: options.maxConnections }),
    stream: new Pool(options.origin, { ...common, connections: null }),
  };
  return {
    async send({ method, path, headers, body, signal, pool }) {
      const response = await request.call(pools[pool], {
        method,
        path,
        headers,
        body: body ?? null,
        // undici drops a connection after a DELETE with a body, which servers may misread. The API server expects one, and
        // whoever removes what many requests have made would pay for a new connection each time.
        reset: false,
        signal,
      });
      return { code: response.statusCode, headers: response.headers, body: response.body };
    },
    async close() {
      await Promise.all([pools.call.destroy(), pools.stream.destroy()]);
    },
  };
};
