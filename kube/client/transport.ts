import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';

/** One HTTP request to the API server. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** `stream` for watches and followed logs, which live on a pool of their own. */
  pool: 'call' | 'stream';
}

export interface HttpResponse {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  /** Must be read to its end or destroyed, or its connection stays taken. */
  body: Readable;
}

export interface Transport {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Breaks open streams and calls and closes every connection. */
  close(): Promise<void>;
}

/** How to trust the server and be trusted by it; certificates and keys in PEM. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  /** `false` trusts any server. Default true. */
  rejectUnauthorized?: boolean;
}

export interface TransportOptions {
  /** `https://host:port`, without a path. */
  origin: string;
  tls: TlsOptions;
  /** Connections for calls; more calls than that wait their turn. */
  maxConnections: number;
}

/**
 * Below the 90 s after which the API server closes an idle connection, so that a call seldom meets a
 * connection that is just being closed.
 */
const KEEP_ALIVE_MS = 30_000;

/**
 * Two pools of HTTP/1.1 keep-alive connections to one API server: calls share a few connections, and each watch or
 * followed log has one of its own, so that streams never starve calls.
 */
export function createTransport(options: TransportOptions): Transport {
  const common = {
    connect: { ...options.tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 },
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
        signal,
      });
      return { code: response.statusCode, headers: response.headers, body: response.body };
    },
    async close() {
      await Promise.all([pools.call.destroy(), pools.stream.destroy()]);
    },
  };
}
