import type { Readable } from 'node:stream';

/** One HTTP request to the API server. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** `stream` for watches and followed logs, which have a pool of their own. */
  pool: 'call' | 'stream';
}

export interface HttpResponse {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  /** Must be read to its end or destroyed; otherwise the connection stays in use. */
  body: Readable;
}

export interface Transport {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Aborts open streams and calls and closes all connections. */
  close(): Promise<void>;
}

/** Certificates and keys in PEM, for both directions of trust. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  /** `false` disables the check of the server's certificate. Default true. */
  rejectUnauthorized?: boolean;
}

export interface TransportOptions {
  /** `https://host:port`, without a path. */
  origin: string;
  tls: TlsOptions;
  /** Connections for calls; further calls wait for a free one. */
  maxConnections: number;
}

/** Creates a transport, which connects on first use. */
export type OpenTransport = (options: TransportOptions) => Transport;

/** Below the 90 s after which the API server closes an idle connection, so calls rarely use one that is being closed. */
export const KEEP_ALIVE_MS = 30_000;

/** Below the 30 s time limit of a call, so another attempt remains. */
export const CONNECT_TIMEOUT_MS = 10_000;
