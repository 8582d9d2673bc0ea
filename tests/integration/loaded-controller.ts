import { inspect } from 'node:util';
import type { ClusterConfig } from '../../kube/client/config.ts';
import { createDataMover } from '../../controller/datamover/app.ts';
import { createInformerSet, type InformerSet } from '../../kube/cache/informer-set.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createLeaderElector } from '../../kube/runtime/leader-election.ts';
import { writesOfLeader } from '../../kube/runtime/leader-writes.ts';
import { createManager } from '../../kube/manager.ts';
import { silentLogger, type Logger } from '../../telemetry/log.ts';
import { patientMover, VELERO } from '../load/load.ts';
import { countWork, type Tally } from '../load/tally.ts';

/** The name of the controller: of its lease, and of its user at the API server. */
export const CONTROLLER = 'loaded-controller';

/** A controller as its process assembles it, with a lease and the usual intervals, whose work is counted. */
export interface LoadedController {
  /** Returns the work since the last call. */
  take(): Tally;
  /** Returns how often it has renewed its lease. */
  renewals(): number;
  /** Renewals that failed, as logged. */
  missed: readonly string[];
  /** The error that would have ended the process. */
  failure(): unknown;
  stop(): Promise<void>;
}

/** Starts it; `watch` receives the caches, in which reads are not counted. */
export function startLoaded(
  cluster: ClusterConfig,
  watch: (informers: InformerSet) => void,
): LoadedController {
  const counter = countWork();
  const client = createKubeClient(cluster, { fieldManager: CONTROLLER, maxConnections: 10 });
  const leaseClient = createKubeClient(cluster, {
    fieldManager: CONTROLLER,
    maxConnections: 1,
    timeoutMs: 5_000,
  });
  let renewals = 0;
  const missed: string[] = [];
  const elector = createLeaderElector({
    client: countingPatches(leaseClient, () => renewals++),
    lease: { namespace: VELERO, name: CONTROLLER },
    identity: `${CONTROLLER}-${String(Math.random())}`,
    log: noting(missed),
  });
  const counted = counter.client(client);
  const informers = createInformerSet({ client: counted });
  watch(informers);
  const { controllers, janitor } = createDataMover({
    client: writesOfLeader(counted, () => elector.isLeader()),
    informerSet: counter.informers(informers),
    namespace: VELERO,
    name: CONTROLLER,
    clusterName: 'c1',
    movers: [() => patientMover],
    reporter: { report: () => undefined },
    log: silentLogger,
    // One sweep at the start, and none while ends are counted.
    janitorIntervalMs: 24 * 3_600_000,
  });
  const manager = createManager({
    informers: [informers],
    runnables: [...controllers, janitor],
    leaderElection: elector,
    closers: [() => client.close(), () => leaseClient.close()],
    log: silentLogger,
  });
  const stop = new AbortController();
  let failure: unknown;
  const running = manager.run(stop.signal).catch((error: unknown) => (failure = error));
  return {
    take: () => counter.take(),
    renewals: () => renewals,
    missed,
    failure: () => failure,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/** Counts the patches that the API server has accepted. */
function countingPatches(client: KubeClient, count: () => void): KubeClient {
  return {
    ...client,
    async mergePatch(...call) {
      const patched = await client.mergePatch(...call);
      count();
      return patched;
    },
  };
}

/** Returns a logger that collects warnings; a failed renewal of the lease is one. */
function noting(warnings: string[]): Logger {
  return { ...silentLogger, warn: (...line: unknown[]) => void warnings.push(inspect(line)) };
}
