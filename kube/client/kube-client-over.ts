import { createCaller } from './caller.ts';
import type { ClusterConfig } from './config.ts';
import type { KubeClient } from './kube-client.ts';
import { createReadVerbs } from './read-verbs.ts';
import { followLog, openWatch } from './streams.ts';
import type { OpenTransport, Transport } from './transport.ts';
import { createWriteVerbs } from './write-verbs.ts';

export interface KubeClientOptions {
  /** Field manager that the API server records for the writes of this client. */
  fieldManager: string;
  /** Time limit of one call, retries included. Default 30 s. */
  timeoutMs?: number;
  /** Connections shared by all calls. Default 3. Each watch and followed log has one more. */
  maxConnections?: number;
  /** Attempts after the first one, for calls that may be repeated. Default 3. */
  maxRetries?: number;
  /** Default: the field manager. */
  userAgent?: string;
}

/** Creates a client for the cluster in `config` over any transport. */
export function createKubeClientOver(
  openTransport: OpenTransport,
  config: ClusterConfig,
  options: KubeClientOptions,
): KubeClient {
  const server = new URL(config.server);
  const prefix = server.pathname.replace(/\/$/, '');
  const transport = openTransport({
    origin: server.origin,
    tls: config.tls,
    maxConnections: options.maxConnections ?? 3,
  });
  const caller = createCaller({
    transport: withPrefix(transport, prefix),
    ...(config.authorization === undefined ? {} : { authorization: config.authorization }),
    userAgent: options.userAgent ?? options.fieldManager,
    timeoutMs: options.timeoutMs ?? 30_000,
    maxRetries: options.maxRetries ?? 3,
  });
  return {
    ...createReadVerbs(caller),
    ...createWriteVerbs(caller, options.fieldManager),
    watch: (kind, watchOptions) =>
      openWatch(caller, kind, { ...watchOptions, headersMs: options.timeoutMs ?? 30_000 }),
    podLog: (key, logOptions = {}) =>
      followLog(caller, key, { ...logOptions, limitMs: options.timeoutMs ?? 30_000 }),
    close: () => transport.close(),
  };
}

/** Adds the path of a server behind one, for example a proxy for several clusters: `https://host/k8s/clusters/c-1`. */
function withPrefix(transport: Transport, prefix: string): Transport {
  if (prefix === '') return transport;
  return { ...transport, send: (request) => transport.send({ ...request, path: prefix + request.path }) };
}
