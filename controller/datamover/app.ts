import type {
  RequestResource,
  RequestScope,
  RequestStatus,
  RequestType,
} from '../../lifecycle/request/request-type.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import { formatKey, keyOf, parseKey, type Resource } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { InformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { systemClock, type Clock } from '../../kube/runtime/clock.ts';
import { createController, type Controller, type ControllerOptions } from '../../kube/runtime/controller.ts';
import type { Logger } from '../../telemetry/log.ts';
import { noMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { createTracer } from '../../telemetry/tracing.ts';
import { backupRequest } from './backup/backup.ts';
import { createClassReconciler } from './class/class.ts';
import { createMatches } from './class/matches.ts';
import { createUsage } from './class/usage.ts';
import { wakeClasses } from './class/watches.ts';
import { deleteRequest } from './delete/delete.ts';
import type { Environment } from './environment.ts';
import { isElsewhere } from './installation.ts';
import { createCollector } from './janitor/collector.ts';
import { createJanitor, type Janitor } from './janitor/janitor.ts';
import { CHILD_INDEX, createMirrors, listersOf } from './informers.ts';
import type { MoverFactory, Reach } from '../../movers/factory.ts';
import type { RequestKind } from '../../movers/mover.ts';
import { pruneRequest } from './prune/prune.ts';
import { contradictionIn } from '../../movers/check-capabilities.ts';
import type { Admission } from '../../lifecycle/admission/admission.ts';
import { createCleaner } from '../../kube/runtime/deleter.ts';
import { createCreator } from '../../kube/runtime/creator.ts';
import { priorityOf } from '../../lifecycle/admission/priority.ts';
import { createRequestLog, logFieldsOf } from '../../lifecycle/observe/request-log.ts';
import { createRequestMetrics } from '../../lifecycle/observe/request-metrics.ts';
import { createRequestReconciler, type Remembered } from '../../lifecycle/request/reconcile.ts';
import type { Reporter } from '../../lifecycle/observe/reporter.ts';
import { createRequestTrace } from '../../lifecycle/observe/request-trace.ts';
import { isForeign } from './resolution/resolve-class.ts';
import { registerWaitingMetrics } from './pending-metrics.ts';
import { createRecords } from './restore/records.ts';
import { restoreRequest } from './restore/restore.ts';
import { requestMirrors, wakeRequests } from './watches.ts';
import { admitFromMirrors } from './admission-watches.ts';

export interface DataMoverOptions {
  client: KubeClient;
  informers: InformerSet;
  /** The protected namespace: Velero's. */
  namespace: string;
  /** The name of its Lease. Default `datamover-controller`. */
  name?: string;
  /** Folder of this cluster's repositories. */
  clusterName: string;
  movers: readonly MoverFactory[];
  /** How movers ask whether a store answers. Default: over the network. */
  reach?: Reach;
  reporter: Reporter;
  log: Logger;
  metrics?: Metrics;
  /** Default: the system's. */
  clock?: Clock;
  /** Passes side by side per kind of request. Default 10. */
  workers?: number;
  /** How often it is looked whether Velero still has the backups and restores of requests. Default: the janitor's. */
  janitorIntervalMs?: number;
}

export interface DataMover {
  controllers: Controller[];
  janitor: Janitor;
  /** How many requests the parts of the program remember something of: bounded by those that exist. */
  remembered: () => Remembered;
}

/** Puts the reconcilers, their caches and what wakes them together. The caller runs the informers and what comes back. */
export function createDataMover(options: DataMoverOptions): DataMover {
  const { client, informers, namespace, log, clock = systemClock, metrics = noMetrics, reach } = options;
  const now = (): Date => new Date(clock.now());
  const mirrors = createMirrors(informers, namespace);
  const listers = listersOf(mirrors);
  const cleaner = createCleaner(client);
  const wakeChild = (child: string): void => {
    for (const { lister, controller } of served()) {
      for (const request of lister.byIndex(CHILD_INDEX, child)) controller.enqueue(keyOf(request));
    }
  };
  const creator = createCreator({ client, clock, wake: wakeOwner });
  const movers = options.movers.map((install) =>
    install({ client, informers, namespace, creator, cleaner, now, clock, log, wake: wakeChild, reach }),
  );
  const contradiction = movers.map(contradictionIn).find((one) => one !== undefined);
  if (contradiction !== undefined) throw new Error(contradiction);
  const byName = new Map(movers.map((mover) => [mover.name, mover]));
  const admission = admitFromMirrors({
    mirrors,
    controllerOf: (kind) => controllersByKind[kind],
    isOurs: (request) => !isForeign(byName, request) && !isElsewhere(request, namespace),
    client,
    clock,
    log,
  });
  const env: Environment = {
    client,
    namespace,
    self: formatKey({ namespace, name: options.name ?? 'datamover-controller' }),
    clusterName: options.clusterName,
    listers,
    records: createRecords(mirrors.backups),
    movers: byName,
    reporter: options.reporter,
    observers: [
      createRequestLog(log),
      createRequestMetrics(metrics),
      createRequestTrace(createTracer('velero-datamover')),
    ],
    creator,
    cleaner,
    admission,
    now,
    clock,
  };
  registerWaitingMetrics(metrics, {
    requests: requestMirrors(mirrors).map(([, mirror]) => mirror),
    classes: listers.classes,
    namespace,
    isOurs: (mover) => env.movers.has(mover),
    now,
  });
  const shared = { log, clock, metrics, workers: options.workers ?? 10 };
  const types = {
    backup: backupRequest(env),
    restore: restoreRequest(env),
    delete: deleteRequest(env),
    prune: pruneRequest(env),
  };
  const reconcilers = {
    backup: createRequestReconciler(env, types.backup),
    restore: createRequestReconciler(env, types.restore),
    delete: createRequestReconciler(env, types.delete),
    prune: createRequestReconciler(env, types.prune),
  };
  const backups = createController({
    ...shared,
    name: 'backup',
    ...requestOptions(listers.backups, admission),
    reconciler: reconcilers.backup,
  });
  const restores = createController({
    ...shared,
    name: 'restore',
    ...requestOptions(listers.restores, admission),
    reconciler: reconcilers.restore,
  });
  const deletes = createController({
    ...shared,
    name: 'delete',
    ...requestOptions(listers.deletes, admission),
    reconciler: reconcilers.delete,
  });
  const prunes = createController({
    ...shared,
    name: 'prune',
    ...requestOptions(listers.prunes, admission),
    reconciler: reconcilers.prune,
  });

  const controllersByKind = { backup: backups, restore: restores, delete: deletes, prune: prunes };

  const matches = createMatches(listers, namespace);
  const classes = createController({
    ...shared,
    name: 'class',
    reconciler: createClassReconciler(env, matches, createUsage(mirrors)),
  });
  wakeClasses(mirrors, classes, matches);

  interface Served {
    lister: Lister<Resource & { status?: { phase?: string | undefined } }>;
    controller: Controller;
  }
  function served(): Served[] {
    return [
      { lister: listers.backups, controller: backups },
      { lister: listers.restores, controller: restores },
      { lister: listers.deletes, controller: deletes },
      { lister: listers.prunes, controller: prunes },
    ];
  }
  /** The request that an object in the protected namespace was made for. */
  function wakeOwner({ metadata }: Resource): void {
    const key = metadata.annotations?.[annotations.request];
    const kind = metadata.labels?.[labels.requestKind] as RequestKind | undefined;
    if (key === undefined || kind === undefined) return;
    const controller = controllersByKind[kind] as Controller | undefined;
    controller?.enqueue(parseKey(key));
  }
  wakeRequests(mirrors, { controllers: controllersByKind, wakeOwner });
  const isOwn = {
    backup: isOwnBy(types.backup),
    restore: isOwnBy(types.restore),
    delete: isOwnBy(types.delete),
    prune: isOwnBy(types.prune),
  };
  const janitor = createJanitor({
    client,
    listers,
    isOwn,
    collector: createCollector({ env, movers, isOwn, clock, log }),
    namespace,
    ...(options.janitorIntervalMs !== undefined && { intervalMs: options.janitorIntervalMs }),
    clock,
    log,
  });
  return {
    controllers: [classes, backups, restores, deletes, prunes],
    janitor,
    remembered: () => ({
      ...Object.fromEntries(
        Object.entries(reconcilers).flatMap(([kind, reconciler]) =>
          Object.entries(reconciler.remembered()).map(([what, count]) => [`${kind} ${what}`, count]),
        ),
      ),
      cleaner: cleaner.size,
    }),
  };
}

/** Returns whether requests are this controller's to serve. */
function isOwnBy<T extends RequestResource>({
  isForeign,
  resolve,
}: Pick<RequestType<T, RequestStatus, RequestScope>, 'isForeign' | 'resolve'>): (request: T) => boolean {
  return (request) => !isForeign(request) && resolve(request) !== undefined;
}

/** What lines about a request say, as long as it is there, and how urgent it is. */
function requestOptions(
  lister: Lister<Resource & { status?: { phase?: string | undefined } }>,
  admission: Admission,
): Pick<ControllerOptions, 'logFields' | 'priorityOf'> {
  return {
    logFields: (key) => {
      const request = lister.get(formatKey(key));
      return request === undefined ? {} : logFieldsOf(request);
    },
    priorityOf: (key) => {
      const request = lister.get(formatKey(key));
      return priorityOf(request?.status?.phase, admission.hasPlace(request?.metadata.uid ?? ''));
    },
  };
}
