import { loadKubeConfig } from '../../../kube/client/config.ts';
import { createKubeClient } from '../../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { createInformerSet } from '../../../kube/cache/informer-set.ts';
import type { InformerSet } from '../../../kube/cache/informer-set.ts';
import type { Controller } from '../../../kube/runtime/controller.ts';
import type { Logger } from '../../../telemetry/log.ts';

/** What a double's controllers are built from. */
export interface Runtime {
  client: KubeClient;
  informers: InformerSet;
  log: Logger;
}

export interface RunOptions {
  /** Path of a kubeconfig file. */
  kubeconfig: string;
  /** Field manager and user agent. */
  name: string;
  log: Logger;
  /** Fires when the process is to end. */
  signal: AbortSignal;
  /** Builds the controllers and hangs them on informers. */
  build: (runtime: Runtime) => Controller[];
}

/** How long the first lists may take: the API server may start after the double. */
const SYNC_TIMEOUT_MS = 120_000;

/** Connects to the cluster and runs controllers until `signal` fires. */
export async function runControllers({ kubeconfig, name, log, signal, build }: RunOptions): Promise<void> {
  const config = await loadKubeConfig({ kubeconfig });
  // More connections than a product would take: nothing in a double may wait behind another object's calls.
  const client = createKubeClient(config, { fieldManager: name, maxConnections: 16 });
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  try {
    const informers = createInformerSet({ client, log });
    const controllers = build({ client, informers, log });
    const mirroring = informers.run(until);
    await informers.waitForSync({ timeoutMs: SYNC_TIMEOUT_MS, signal });
    log.info('in sync');
    await Promise.all([mirroring, ...controllers.map((controller) => controller.run(until))]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await client.close();
  }
}

/** Fires at SIGTERM and SIGINT. */
export function terminationSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      controller.abort(new Error(`received ${name}`));
    });
  }
  return controller.signal;
}
