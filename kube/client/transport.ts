import type { Readable } from 'node:stream';

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

/** Connects on first use. */
export type OpenTransport = (options: TransportOptions) => Transport;

/**
 * Below the 90 s after which the API server closes an idle connection, so that a call seldom meets a
 * connection that is just being closed.
 */
export const KEEP_ALIVE_MS = 30_000;

/** Below the 30 s that a call has: another attempt may find a way. */
export const CONNECT_TIMEOUT_MS = 10_000;
