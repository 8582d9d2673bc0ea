import { namespaces } from '../api/external/core.ts';
import { createInformerSet } from '../kube/cache/informer-set.ts';
import { loadKubeConfig } from '../kube/client/config.ts';
import { createKubeClient } from '../kube/client/http-kube-client.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import {
  createLeaderElector,
  LeadershipLostError,
  type LeaderElector,
} from '../kube/runtime/leader-election.ts';
import { createManager } from '../kube/runtime/manager.ts';
import { createEventRecorder } from '../kube/status/events.ts';
import { createHealthServer } from '../telemetry/health-server.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus.ts';
import { parseConfig, USAGE, type ControllerConfig } from './config.ts';
import { createDataMover } from './data-mover.ts';
import { createEventReporter } from './event-reporter.ts';
import { builtInMovers } from './movers/registry.ts';

const NAME = 'datamover-controller';

/** Puts the controller together and runs it until SIGTERM. Everything that decides anything is elsewhere. */
async function main(): Promise<void> {
  const config = parseConfig(process.argv.slice(2), process.env);
  const log = createLogger({ level: config.logLevel, fields: { program: NAME } });
  const stop = stopOnSignal(log);
  const cluster = await loadKubeConfig({
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
  });
  const client = createKubeClient(cluster, { fieldManager: NAME, maxConnections: config.workers });
  // Renewing the lease must not queue behind the work of a busy leader.
  const leaseClient = createKubeClient(cluster, { fieldManager: NAME, maxConnections: 1, timeoutMs: 5_000 });
  const metrics = createPrometheusMetrics();
  const informers = createInformerSet({ client, log });
  const recorder = createEventRecorder({
    client,
    controller: `oadp.openshift.io/${NAME}`,
    instance: config.identity,
    log,
  });
  const clusterName = config.clusterName ?? (await shortClusterId(client, stop));
  const { controllers, janitor } = createDataMover({
    client,
    informers,
    namespace: config.namespace,
    clusterName,
    movers: builtInMovers,
    reporter: createEventReporter(recorder),
    log,
    metrics,
    workers: config.workers,
    janitorIntervalMs: config.janitorIntervalMs,
  });
  const manager = createManager({
    informers: [informers],
    runnables: [...controllers, janitor],
    ...(config.leaderElection && { leaderElection: elector(leaseClient, config, log) }),
    closers: [() => recorder.close(), () => health.close(), () => client.close(), () => leaseClient.close()],
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

function elector(client: KubeClient, config: ControllerConfig, log: Logger): LeaderElector {
  return createLeaderElector({
    client,
    lease: { namespace: config.namespace, name: NAME },
    identity: config.identity,
    log,
  });
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

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    const usage =
      error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${NAME}: ${text}\n${usage ? USAGE : ''}`);
    process.exit(error instanceof LeadershipLostError ? 2 : 1);
  },
);
