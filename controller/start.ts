import { namespaces } from '../api/kubernetes/core.ts';
import { ownLabels } from '../api/datamover/v1alpha1/own-labels.ts';
import { createInformerSet } from '../kube/cache/informer-set.ts';
import { loadKubeConfig } from '../kube/client/config.ts';
import { createKubeClient } from '../kube/client/http-kube-client.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { createLeaderElector, LeadershipLostError } from '../kube/runtime/leader-election.ts';
import { writesOfLeader } from '../kube/runtime/leader-writes.ts';
import { createManager } from '../kube/runtime/manager.ts';
import { createEventRecorder } from '../kube/status/events.ts';
import { createHealthServer } from '../telemetry/health-server.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus.ts';
import { parseConfig, USAGE } from './config.ts';
import { checkCrds } from './crds/check.ts';
import { createDataMover } from './datamover/app.ts';
import { createEventReporter } from '../lifecycle/observe/event-reporter.ts';
import type { MoverFactory } from '../movers/factory.ts';

/** What sets one controller apart from the others of a cluster. */
export interface ControllerOptions {
  /**
   * Its name among the controllers of the cluster, a valid name of an object: that of its Lease, and what API server, events and
   * logs call it. No two controllers may share one, replicas excepted.
   */
  name: string;
  /** What it moves data with. It serves the classes that name one of them, and touches nothing of any other. */
  movers: readonly MoverFactory[];
}

/**
 * Runs a controller until SIGTERM or SIGINT and ends the process: with code 0 then, with 2 when another replica has taken the
 * lead, and with 1 after an error, which it prints. The command line says where and how it works; an option that does not exist
 * makes it print those that do.
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

/** Puts the controller together. Everything that decides anything is elsewhere. */
async function run({ name, movers }: ControllerOptions): Promise<void> {
  const config = parseConfig();
  const log = createLogger({ level: config.logLevel, fields: { program: name } });
  const stop = stopOnSignal(log);
  const cluster = await loadKubeConfig({
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
  });
  const client = createKubeClient(cluster, { fieldManager: name, maxConnections: config.workers });
  // Renewing the lease must not queue behind the work of a busy leader.
  const leaseClient = createKubeClient(cluster, { fieldManager: name, maxConnections: 1, timeoutMs: 5_000 });
  // Thousands of Events at a time must not queue before the work that they are about.
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
  await checkCrds(client, stop);
  const clusterName = config.clusterName ?? (await shortClusterId(client, stop));
  const { controllers, janitor } = createDataMover({
    client: elector === undefined ? client : writesOfLeader(client, () => elector.isLeader()),
    informers,
    namespace: config.namespace,
    name,
    clusterName,
    movers,
    reporter: createEventReporter(recorder),
    log,
    metrics,
    workers: config.workers,
    janitorIntervalMs: config.janitorIntervalMs,
  });
  const manager = createManager({
    informers: [informers],
    runnables: [...controllers, janitor],
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

/** Short form of the uid of kube-system: unique per cluster and as old as the cluster. */
async function shortClusterId(client: KubeClient, signal: AbortSignal): Promise<string> {
  const system = await client.get(namespaces, { name: 'kube-system' }, { signal });
  const uid = system?.metadata.uid;
  if (uid === undefined) throw new Error('namespace kube-system has no uid; give --cluster-name');
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
