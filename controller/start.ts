import { namespaces } from '../api/kubernetes/core.ts';
import { ownLabels } from '../api/common/own-labels.ts';
import { createInformerSet } from '../kube/cache/informer-set.ts';
import { loadKubeConfig } from '../kube/client/config.ts';
import { createKubeClient } from '../kube/client/http-kube-client.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { createLeaderElector, LeadershipLostError } from '../kube/runtime/leader-election.ts';
import { writesOfLeader } from '../kube/runtime/leader-writes.ts';
import { createManager } from '../kube/manager.ts';
import { createEventRecorder } from '../kube/status/events.ts';
import { createHealthServer } from '../telemetry/health-server.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus.ts';
import { parseConfig, USAGE } from './config.ts';
import { checkCrds } from './crds/check.ts';
import { productsOf } from './products.ts';
import type { MoverFactory } from '../movers/factory.ts';

/** The options that differ between the controllers of one cluster. */
export interface ControllerOptions {
  /**
   * Name of the controller: of its Lease, and its name in API requests, Events and logs. It must be a valid object name and
   * unique among the controllers of the cluster, except for replicas.
   */
  name: string;
  /** The movers that this controller runs. It serves the classes that name one of them and ignores all others. */
  movers: readonly MoverFactory[];
}

/**
 * Runs a controller until SIGTERM or SIGINT and exits the process: with code 0 after a signal, 2 if another replica has taken
 * over the leadership, and 1 after an error, which it prints. The command line configures it; after an unknown option it prints
 * the usage.
 */
export async function startDataMover(options: ControllerOptions): Promise<never> {
  try {
    await run(options);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`${options.name}: ${explain(error)}`);
    return process.exit(error instanceof LeadershipLostError ? 2 : 1);
  }
}

/** Wires the parts of the controller. It contains no decisions. */
async function run({ name, movers }: ControllerOptions): Promise<void> {
  const config = parseConfig();
  const log = createLogger({ level: config.logLevel, fields: { program: name } });
  const stop = stopOnSignal(log);
  const cluster = await loadKubeConfig({
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
  });
  const client = createKubeClient(cluster, { fieldManager: name, maxConnections: config.workers });
  // Renewing the lease must not queue behind the requests of a busy leader.
  const leaseClient = createKubeClient(cluster, { fieldManager: name, maxConnections: 1, timeoutMs: 5_000 });
  // Events can come in thousands and must not delay the API requests of the reconcilers.
  const eventClient = createKubeClient(cluster, { fieldManager: name });
  const elector = config.leaderElection
    ? createLeaderElector({
        client: leaseClient,
        lease: { namespace: config.namespace, name },
        labels: ownLabels(),
        identity: config.identity,
        log,
      })
    : undefined;
  const metrics = createPrometheusMetrics();
  const informers = createInformerSet({ client, log });
  const recorder = createEventRecorder({
    client: eventClient,
    controller: `oadp.openshift.io/${name}`,
    instance: config.identity,
    labels: ownLabels(),
    log,
  });
  const products = productsOf({ movers });
  await checkCrds(
    client,
    products.flatMap(({ crds }) => crds),
    stop,
  );
  const clusterName = config.clusterName ?? (await shortClusterId(client, stop));
  const deps = {
    client: elector === undefined ? client : writesOfLeader(client, () => elector.isLeader()),
    informerSet: informers,
    recorder,
    name,
    clusterName,
    config,
    log,
    metrics,
  };
  const manager = createManager({
    informers: [informers],
    runnables: products.flatMap((product) => product.setup(deps)),
    ...(elector !== undefined && { leaderElection: elector }),
    closers: [
      () => recorder.close(),
      () => health.close(),
      () => client.close(),
      () => eventClient.close(),
      () => leaseClient.close(),
    ],
    log,
  });
  const health = createHealthServer({
    ...config.metricsBindAddress,
    ready: { manager: () => manager.notReady() },
    alive: { manager: () => manager.unhealthy() },
    scrape: () => metrics.scrape(),
  });
  await health.start();
  log.info({ namespace: config.namespace, clusterName }, 'starting');
  await manager.run(stop);
}

/** Returns the first 8 characters of the uid of kube-system, which is unique per cluster and never changes. */
async function shortClusterId(client: KubeClient, signal: AbortSignal): Promise<string> {
  const system = await client.get(namespaces, { name: 'kube-system' }, { signal });
  const uid = system?.metadata.uid;
  if (uid === undefined) throw new Error('namespace kube-system has no uid; pass --cluster-name');
  return uid.slice(0, 8);
}

function stopOnSignal(log: Logger): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info({ signal: name }, 'stopping');
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return controller.signal;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}\n`;
  const isUsage = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return `${error.message}\n${isUsage ? USAGE : ''}`;
}
