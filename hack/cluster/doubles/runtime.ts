import type { Key } from '../../../api/kubernetes/meta.ts';
import { loadKubeConfig } from '../../../kube/client/config.ts';
import { createKubeClient } from '../../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { createInformerSet } from '../../../kube/cache/informer-set.ts';
import type { InformerSet } from '../../../kube/cache/informer-set.ts';
import type { Controller } from '../../../kube/runtime/controller.ts';
import { createLeaderElector, type LeaderElectionOptions } from '../../../kube/runtime/leader-election.ts';
import type { Logger } from '../../../telemetry/log.ts';

/** Shared objects for the controllers of a double. */
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
  /** Fires when the process must end. */
  signal: AbortSignal;
  /** The Lease that the real program holds while it works, with its times. Absent: no Lease. */
  election?: Pick<LeaderElectionOptions, 'leaseMs' | 'renewDeadlineMs' | 'retryMs'> & {
    lease: Required<Key>;
  };
  /** Builds the controllers and connects them to informers. */
  build: (runtime: Runtime) => Controller[];
}

/** Timeout of the first lists: the API server may start after the double. */
const SYNC_TIMEOUT_MS = 120_000;

/** Connects to the cluster and runs controllers until `signal` fires. */
export async function runControllers(options: RunOptions): Promise<void> {
  const { kubeconfig, name, log, signal, build } = options;
  const config = await loadKubeConfig({ kubeconfig });
  // More connections than a product would use, so that calls for one object never wait for those of another.
  const client = createKubeClient(config, { fieldManager: name, maxConnections: 16 });
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  try {
    const informers = createInformerSet({ client, log });
    const controllers = build({ client, informers, log });
    const mirroring = informers.run(until);
    await informers.waitForSync({ timeoutMs: SYNC_TIMEOUT_MS, signal });
    log.info('in sync');
    const work = async (leading: AbortSignal): Promise<void> => {
      await Promise.all(controllers.map((controller) => controller.run(leading)));
    };
    // Only one instance exists. With a fixed identity, a restarted one takes over its Lease at once after a kill.
    const elector =
      options.election && createLeaderElector({ ...options.election, client, identity: name, log });
    await Promise.all([mirroring, elector === undefined ? work(until) : elector.run(until, work)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await client.close();
  }
}

/** Returns a signal that fires at SIGTERM and SIGINT. */
export function terminationSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      controller.abort(new Error(`received ${name}`));
    });
  }
  return controller.signal;
}
