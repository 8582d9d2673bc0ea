import { formatKey, keyOf, parseKey, type Key, type Resource } from '../api/meta.ts';
import { annotations, labels } from '../api/v1alpha1/keys.ts';
import { childNameIn } from '../api/v1alpha1/names.ts';
import type { InformerSet } from '../kube/cache/informer-set.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { systemClock, type Clock } from '../kube/runtime/clock.ts';
import { createController, type Controller } from '../kube/runtime/controller.ts';
import type { LogFields, Logger } from '../telemetry/log.ts';
import { noMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createTracer } from '../telemetry/tracing.ts';
import { backupRequest } from './backup/backup.ts';
import { createClassReconciler } from './class/class.ts';
import { createMatches } from './class/matches.ts';
import { wakeClasses } from './class/wake.ts';
import { deleteRequest } from './delete/delete.ts';
import type { Environment, Lister } from './environment.ts';
import { isUsable } from './exposure/nodes.ts';
import { createJanitor, type Janitor } from './janitor/janitor.ts';
import {
  CHILD_INDEX,
  createMirrors,
  DESTINATION_INDEX,
  listersOf,
  SOURCE_INDEX,
  type Mirrors,
} from './mirrors.ts';
import type { MoverFactory, Reach } from './movers/factory.ts';
import type { RequestKind } from './movers/mover.ts';
import { pruneRequest } from './prune/prune.ts';
import { contradictionIn } from './request/abilities.ts';
import { createAdmission } from './request/admission.ts';
import { createCleaner } from './request/cleaner.ts';
import { createCreator } from './request/creation.ts';
import { createRequestLog, logFieldsOf } from './request/request-log.ts';
import { createRequestMetrics } from './request/request-metrics.ts';
import { createRequestReconciler } from './request/reconciler.ts';
import type { Reporter } from './request/reporter.ts';
import { createRequestTrace } from './request/request-trace.ts';
import { isFinal } from './request/request.ts';
import { keepMover } from './request/serving.ts';
import { registerWaitingMetrics } from './request/waiting-metrics.ts';
import { restoreRequest } from './restore/restore.ts';

export interface DataMoverOptions {
  client: KubeClient;
  informers: InformerSet;
  /** The protected namespace: Velero's. */
  namespace: string;
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

/** Puts the reconcilers, their caches and what wakes them together. The caller runs the informers and what comes back. */
export function createDataMover(options: DataMoverOptions): { controllers: Controller[]; janitor: Janitor } {
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
  const env: Environment = {
    client,
    namespace,
    clusterName: options.clusterName,
    listers,
    movers: new Map(movers.map((mover) => [mover.name, mover])),
    reporter: options.reporter,
    observers: [
      createRequestLog(log),
      createRequestMetrics(metrics),
      createRequestTrace(createTracer('velero-datamover')),
    ],
    creator,
    cleaner,
    admission: createAdmission(
      {
        backup: () => listers.backups.list(),
        restore: () => listers.restores.list(),
        delete: () => listers.deletes.list(),
        prune: () => listers.prunes.list(),
      },
      {
        limitsOf: (className) => listers.classes.get(className)?.spec.limits,
        nodes: () => listers.nodes.list().filter(isUsable).length,
      },
    ),
    now,
  };
  registerWaitingMetrics(metrics, {
    requests: [listers.backups, listers.restores, listers.deletes, listers.prunes],
    classes: listers.classes,
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
  const backups = createController({
    ...shared,
    name: 'backup',
    logFields: fieldsBy(listers.backups),
    reconciler: createRequestReconciler(env, types.backup),
  });
  const restores = createController({
    ...shared,
    name: 'restore',
    logFields: fieldsBy(listers.restores),
    reconciler: createRequestReconciler(env, types.restore),
  });
  const deletes = createController({
    ...shared,
    name: 'delete',
    logFields: fieldsBy(listers.deletes),
    reconciler: createRequestReconciler(env, types.delete),
  });
  const prunes = createController({
    ...shared,
    name: 'prune',
    logFields: fieldsBy(listers.prunes),
    reconciler: createRequestReconciler(env, types.prune),
  });

  const matches = createMatches(listers, namespace);
  const classes = createController({
    ...shared,
    name: 'class',
    reconciler: createClassReconciler(env, matches),
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
    const controller = { backup: backups, restore: restores, delete: deletes, prune: prunes }[kind] as
      Controller | undefined;
    controller?.enqueue(parseKey(key));
  }
  wire(mirrors, {
    backups,
    restores,
    deletes,
    prunes,
    wakeOwner,
    wakeAllWaiting: () => served().forEach(enqueueWaiting),
  });
  const janitor = createJanitor({
    client,
    listers: {
      claims: listers.claims,
      backups: ownOf(env, types.backup),
      restores: ownOf(env, types.restore),
      deletes: ownOf(env, types.delete),
      prunes: ownOf(env, types.prune),
    },
    namespace,
    ...(options.janitorIntervalMs !== undefined && { intervalMs: options.janitorIntervalMs }),
    clock,
    log,
  });
  return { controllers: [classes, backups, restores, deletes, prunes], janitor };
}

/**
 * How many waiting requests look again when a place becomes free. One place serves one of them; the others look by
 * themselves every half minute, so that a long queue does not cost a write per request for each one that ends.
 */
const WOKEN_AT_ONCE = 5;

/** Whoever waits longest may get the place that has just become free. */
function enqueueWaiting({
  lister,
  controller,
}: {
  lister: Lister<Resource & { status?: { phase?: string | undefined } }>;
  controller: Controller;
}): void {
  const queued = lister.list().filter(({ status }) => status?.phase === 'Queued');
  const oldestFirst = queued.sort((a, b) =>
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
  );
  for (const request of oldestFirst.slice(0, WOKEN_AT_ONCE)) controller.enqueue(keyOf(request));
}

/** The requests that are this controller's to serve. */
function ownOf<T extends Resource & { status?: { mover?: string | undefined } }>(
  { movers }: Environment,
  { lister, choose }: { lister: Lister<T>; choose: (request: T) => Choice },
): Lister<T> {
  const isOwn = (request: T): boolean =>
    keepMover(movers, request.status?.mover, choose(request)) !== undefined;
  return { ...lister, list: () => lister.list().filter(isOwn) };
}

type Choice = Parameters<typeof keepMover>[2];

interface Wiring {
  backups: Controller;
  restores: Controller;
  deletes: Controller;
  prunes: Controller;
  wakeOwner: (child: Resource) => void;
  wakeAllWaiting: () => void;
}

/** What lines about a request say, as long as it is there. */
function fieldsBy(lister: Lister<Resource>): (key: Key) => LogFields {
  return (key) => {
    const request = lister.get(formatKey(key));
    return request === undefined ? {} : logFieldsOf(request);
  };
}

/** Which change of which object makes which request worth another look. */
function wire(mirrors: Mirrors, wiring: Wiring): void {
  const { backups, restores, deletes, prunes, wakeOwner, wakeAllWaiting } = wiring;
  const requests = [
    { mirror: mirrors.backups, controller: backups },
    { mirror: mirrors.restores, controller: restores },
    { mirror: mirrors.deletes, controller: deletes },
    { mirror: mirrors.prunes, controller: prunes },
  ] as const;
  for (const { mirror, controller } of requests) {
    mirror.onChange((before: Finishing | undefined, after: Finishing | undefined) => {
      const object = after ?? before;
      if (object !== undefined) controller.enqueue(keyOf(object));
      if (after === undefined || freesPlace(before, after)) wakeAllWaiting();
    });
  }
  const byRequest = (before: Resource | undefined, after: Resource | undefined): void => {
    const child = after ?? before;
    if (child !== undefined) wakeOwner(child);
  };
  mirrors.snapshots.onChange(byRequest);
  mirrors.snapshotContents.onChange(byRequest);
  mirrors.claims.onChange(byRequest);
  wireClasses(mirrors, requests);
  wireSources(mirrors, backups);
  wireDestinations(mirrors, restores);
  wireRecords(mirrors, restores);
  wireVolumes(mirrors, { backups, restores });
}

type Finishing = Resource & { status?: { phase?: string | undefined; admittedAt?: string | undefined } };

/** It has ended, or it pauses before another try. */
function freesPlace(before: Finishing | undefined, after: Finishing): boolean {
  const ended = isFinal(after.status?.phase) && !isFinal(before?.status?.phase);
  return ended || (before?.status?.admittedAt !== undefined && after.status?.admittedAt === undefined);
}

/** A class that appears, or changes what may run at once, is what requests may be waiting for. */
function wireClasses(
  { classes }: Mirrors,
  requests: readonly { mirror: { store: Lister<Classed> }; controller: Controller }[],
): void {
  classes.onChange((_, after) => {
    if (after === undefined) return;
    const { name } = after.metadata;
    for (const { mirror, controller } of requests) {
      for (const request of mirror.store.list()) {
        const { phase, dataMoverClass = name } = request.status ?? {};
        if (dataMoverClass === name && !isFinal(phase)) controller.enqueue(keyOf(request));
      }
    }
  });
}

type Classed = Resource & { status?: { phase?: string | undefined; dataMoverClass?: string | undefined } };

/** A backup whose source has gone may have nothing left to wait for. */
function wireSources(mirrors: Mirrors, backups: Controller): void {
  mirrors.claims.onChange((before, after) => {
    if (before === undefined || after !== undefined) return;
    const { namespace = '', name } = before.metadata;
    for (const backup of mirrors.backups.store.byIndex(SOURCE_INDEX, `${namespace}/${name}`)) {
      if (!isFinal(backup.status?.phase)) backups.enqueue(keyOf(backup));
    }
  });
}

/** A restore waits for its destination claim to appear, to be bound, or to go. */
function wireDestinations(mirrors: Mirrors, restores: Controller): void {
  mirrors.claims.onChange((before, after) => {
    const claim = after ?? before;
    if (claim === undefined) return;
    for (const restore of destinationsOf(mirrors, keyOf(claim))) restores.enqueue(restore);
  });
}

/** A restore without a record waits a moment for the completed backup of its claim. */
function wireRecords(mirrors: Mirrors, restores: Controller): void {
  mirrors.backups.onChange((before, after) => {
    const { namespace = '' } = after?.metadata ?? {};
    const { pvcName: name } = after?.status?.volume ?? {};
    if (name === undefined || !hasCompleted(before, after)) return;
    for (const restore of destinationsOf(mirrors, { namespace, name })) restores.enqueue(restore);
  });
}

function hasCompleted(before: Classed | undefined, after: Classed | undefined): boolean {
  return after?.status?.phase === 'Completed' && before?.status?.phase !== 'Completed';
}

function destinationsOf(mirrors: Mirrors, claim: Key): Key[] {
  return mirrors.restores.store
    .byIndex(DESTINATION_INDEX, `${claim.namespace ?? ''}/${claim.name}`)
    .filter(({ status }) => !isFinal(status?.phase))
    .map((restore) => keyOf(restore));
}

/** A volume wakes the request whose staging or destination claim it is bound to. */
function wireVolumes(mirrors: Mirrors, { backups, restores }: Pick<Wiring, 'backups' | 'restores'>): void {
  mirrors.volumes.onChange((before, after) => {
    const { namespace, name = '' } = (after ?? before)?.spec.claimRef ?? {};
    if (namespace === undefined) return;
    const claim = { namespace, name };
    for (const restore of destinationsOf(mirrors, claim)) restores.enqueue(restore);
    // Whatever claim a mover makes for a request has the name of the request's children in its own.
    const child = childNameIn(name) ?? name;
    for (const backup of mirrors.backups.store.byIndex(CHILD_INDEX, child)) backups.enqueue(keyOf(backup));
    for (const restore of mirrors.restores.store.byIndex(CHILD_INDEX, child))
      restores.enqueue(keyOf(restore));
  });
}
