import type { ClusterConfig } from './config.ts';
import type { KubeClient } from './kube-client.ts';
import { createKubeClientOver, type KubeClientOptions } from './kube-client-over.ts';
import { createUndiciTransport } from './undici-transport.ts';

/** Creates a client for the cluster in `config`. Close it, because its watches keep the process alive. */
export function createKubeClient(config: ClusterConfig, options: KubeClientOptions): KubeClient {
  return createKubeClientOver(createUndiciTransport, config, options);
}
