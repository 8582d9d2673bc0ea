import type { ClusterConfig } from './config.ts';
import type { KubeClient } from './kube-client.ts';
import { createKubeClientOver, type KubeClientOptions } from './kube-client-over.ts';
import { createUndiciTransport } from './undici-transport.ts';

/** A client of the cluster that `config` points to. Close it, or its watches keep the process alive. */
export function createKubeClient(config: ClusterConfig, options: KubeClientOptions): KubeClient {
  return createKubeClientOver(createUndiciTransport, config, options);
}
