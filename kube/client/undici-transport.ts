import type { Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE_MS, type HttpRequest, type OpenTransport } from './transport.ts';

/**
 * Creates a transport with two pools of HTTP/1.1 keep-alive connections: calls share a few connections, and each watch or
 * followed log has its own, so streams never block calls.
 */
export const createUndiciTransport: OpenTransport = (options) => {
  const common = {
    connect: { ...options.tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // Time limits are set per call, and a quiet watch is healthy.
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
        // By default undici closes a connection after a DELETE with a body, because some servers misread it. The API server
        // expects one; a new connection per deletion would slow the cleanup of many requests.
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
