import { formatKey, type Resource } from '../../api/kubernetes/meta.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { eventReasons } from '../../api/datamover/v1alpha1/reasons.ts';
import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { InformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { systemClock, type Clock } from '../../kube/runtime/clock.ts';
import { createController, type Controller } from '../../kube/runtime/controller.ts';
import { createCreator } from '../../kube/runtime/creator.ts';
import { createCleaner } from '../../kube/runtime/deleter.ts';
import type { Reporter } from '../../lifecycle/observe/reporter.ts';
import type { Remembered } from '../../lifecycle/request/reconcile.ts';
import { contradictionIn } from '../../movers/check-capabilities.ts';
import type { MoverFactory, Reach } from '../../movers/factory.ts';
import type { Mover } from '../../movers/mover.ts';
import type { Logger } from '../../telemetry/log.ts';
import { noMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { createWatchedAdmission } from './admission-watches.ts';
import { createClassReconciler } from './class/class.ts';
import { createMatches } from './class/matches.ts';
import { createUsage } from './class/usage.ts';
import { watchForClasses } from './class/watches.ts';
import type { AnyRequestType } from '../../lifecycle/request/request-type.ts';
import type { Environment, Informers } from './environment.ts';
import { createInformers, kindsOf, listersOf, requestInformers } from './informers.ts';
import { isElsewhere } from './installation.ts';
import { createCollector } from './janitor/collector.ts';
import { createJanitor, type Janitor } from './janitor/janitor.ts';
import { registerPendingMetrics } from './pending-metrics.ts';
import { createRequestControllers } from '../../lifecycle/request-controllers.ts';
import { REQUEST_KINDS } from './kinds.ts';
import type { RequestKinds } from './request-kind.ts';
import { isForeign } from './resolution/resolve-class.ts';
import { createObservers } from './observers.ts';
import { createRecords } from './restore/records.ts';
import { watchForRequests } from './watches.ts';

export interface DataMoverOptions {
  client: KubeClient;
  informerSet: InformerSet;
  /** The protected namespace, where Velero runs. */
  namespace: string;
  /** Name of the controller's Lease. Default: `datamover-controller`. */
  name?: string;
  /** Folder of this cluster's repositories. */
  clusterName: string;
  movers: readonly MoverFactory[];
  /** The kinds of requests. Default: those of `kinds.ts`. */
  kinds?: RequestKinds;
  /** How movers check whether an object store is reachable. Default: over the network. */
  reach?: Reach;
  reporter: Reporter;
  log: Logger;
  metrics?: Metrics;
  /** Default: the system clock. */
  clock?: Clock;
  /** Number of concurrent passes per kind of request. Default: 10. */
  workers?: number;
  /**
   * Interval between two checks whether the Velero backups and restores of requests still exist. Default: that of the janitor.
   */
  janitorIntervalMs?: number;
}

export interface DataMover {
  controllers: Controller[];
  janitor: Janitor;
  /**
   * Returns for how many requests each part of the program holds state. The numbers must not exceed the number of existing
   * requests.
   */
  remembered: () => Remembered;
}

/** Wires caches, movers, reconcilers and the janitor. The caller runs the informers and the result. */
export function createDataMover(options: DataMoverOptions): DataMover {
  const { client, informerSet, namespace, log, clock = systemClock, metrics = noMetrics } = options;
  const { kinds = REQUEST_KINDS } = options;
  const informers = createInformers(informerSet, namespace, kinds);
  const { env, movers, cleaner } = createEnvironment({ ...options, kinds }, informers, {
    enqueueOwner: (child) => requests.enqueueOwner(child),
    enqueueByChild: (name) => requests.enqueueByChild(name),
    controllerOf: (kind) => requests.byKind[kind],
  });
  const shared = { log, clock, metrics, workers: options.workers ?? 10 };
  const requests = createRequestControllers(env, typesOf(env, kinds), shared);
  watchForRequests(informers, requests, kinds);

  const matches = createMatches(env.listers, namespace);
  const reconciler = createClassReconciler(env, matches, createUsage(informers, kinds));
  const classes = createController({ ...shared, name: 'class', reconciler });
  watchForClasses(informers, classes, { matches, kinds });

  registerPendingMetrics(metrics, {
    requests: requestInformers(informers, kinds).map(([, informer]) => informer),
    classes: env.listers.classes,
    namespace,
    isOurs: (mover) => env.movers.has(mover),
    now: env.now,
  });
  const { isOwn } = requests;
  const janitor = createJanitor({
    client,
    kinds,
    listers: env.listers,
    isOwn,
    collector: createCollector({ kinds, env, movers, isOwn, clock, log }),
    namespace,
    ...(options.janitorIntervalMs !== undefined && { intervalMs: options.janitorIntervalMs }),
    clock,
    log,
  });
  return {
    controllers: [classes, ...Object.values(requests.byKind)],
    janitor,
    remembered: () => ({ ...requests.remembered(), cleaner: cleaner.size }),
  };
}

function typesOf(env: Environment, kinds: RequestKinds): Record<RequestKind, AnyRequestType> {
  const types = kindsOf(kinds).map((kind) => [kind, kinds[kind].create(env)]);
  return Object.fromEntries(types) as Record<RequestKind, AnyRequestType>;
}

/** Callbacks for parts that are created before the controllers. */
interface Queues {
  enqueueOwner: (child: Resource) => void;
  enqueueByChild: (name: string) => void;
  controllerOf: (kind: RequestKind) => Controller;
}

function createEnvironment(
  options: DataMoverOptions & { kinds: RequestKinds },
  informers: Informers,
  { enqueueOwner, enqueueByChild, controllerOf }: Queues,
): { env: Environment; movers: readonly Mover[]; cleaner: ReturnType<typeof createCleaner> } {
  const { client, informerSet, namespace, log, clock = systemClock, metrics = noMetrics, reach } = options;
  const now = (): Date => new Date(clock.now());
  const cleaner = createCleaner(client);
  const creator = createCreator({ client, clock, wake: enqueueOwner });
  const movers = options.movers.map((install) =>
    install({
      client,
      informers: informerSet,
      namespace,
      creator,
      cleaner,
      now,
      clock,
      log,
      wake: enqueueByChild,
      reach,
    }),
  );
  const contradiction = movers.map(contradictionIn).find((one) => one !== undefined);
  if (contradiction !== undefined) throw new Error(contradiction);
  const byName = new Map(movers.map((mover) => [mover.name, mover]));
  const env: Environment = {
    client,
    namespace,
    self: formatKey({ namespace, name: options.name ?? 'datamover-controller' }),
    clusterName: options.clusterName,
    listers: listersOf(informers),
    records: createRecords(informers.backups),
    movers: byName,
    reporter: options.reporter,
    observers: createObservers({ log, metrics }),
    vocabulary: { finalizer: FINALIZER, warning: eventReasons.warning },
    creator,
    cleaner,
    admission: createWatchedAdmission({
      informers,
      kinds: options.kinds,
      controllerOf,
      isOurs: (request) => !isForeign(byName, request) && !isElsewhere(request, namespace),
      client,
      clock,
      log,
    }),
    now,
    clock,
  };
  return { env, movers, cleaner };
}
