import { jobs, persistentVolumeClaims } from '../../../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../../../api/kubernetes/snapshot.ts';
import { formatKey, keyOf } from '../../../../api/kubernetes/meta.ts';
import type { Kind, Resource } from '../../../../api/kubernetes/meta.ts';
import { createController } from '../../../../kube/runtime/controller.ts';
import type { Controller } from '../../../../kube/runtime/controller.ts';
import { exponentialLimiter } from '../../../../kube/runtime/rate-limiter.ts';
import { createLogger } from '../../../../telemetry/log.ts';
import { createEventRecorder } from '../events.ts';
import { runControllers, terminationSignal } from '../runtime.ts';
import type { Runtime } from '../runtime.ts';
import { replicationDestinations, replicationSources } from './api.ts';
import type { Replication } from './api.ts';
import { USE_COPY_TRIGGER } from './keys.ts';
import { destinationMover, sourceMover } from './movers.ts';
import { parseOptions } from './options.ts';
import type { DoubleOptions } from './options.ts';
import { ReplicationReconciler } from './reconciler.ts';
import type { Mover } from './reconciler.ts';

/** VolSync retries errors after 5 ms and doubles the wait up to this. */
const LONGEST_RETRY_MS = 1_000_000;
const SHORTEST_RETRY_MS = 5;
const WORKERS = 100;

/** The values of VolSync, except the namespace: VolSync uses the one that it is installed in. */
const ELECTION = {
  lease: { namespace: 'kube-system', name: 'b95b3104.backube' },
  leaseMs: 137_000,
  renewDeadlineMs: 107_000,
  retryMs: 26_000,
};

function build(options: DoubleOptions, { client, informers, log }: Runtime): Controller[] {
  const recordEvent = createEventRecorder({ client, reporter: 'volsync-double', log });
  const { timeScale } = options;
  function controllerOf(kind: Kind<Replication>, mover: Mover): Controller {
    const controller = createController({
      name: kind.kind.toLowerCase(),
      reconciler: new ReplicationReconciler({ client, kind, mover, settings: options, recordEvent }),
      workers: WORKERS,
      queue: {
        rateLimiter: exponentialLimiter({
          baseMs: SHORTEST_RETRY_MS * timeScale,
          maxMs: LONGEST_RETRY_MS * timeScale,
        }),
      },
      log,
    });
    informers.informer(kind).onChange((_, after) => {
      if (after !== undefined) controller.enqueue(keyOf(after));
    });
    for (const owned of [jobs, persistentVolumeClaims, volumeSnapshots] as const)
      wakeOwners(owned, kind, controller);
    return controller;
  }
  function wakeOwners(owned: Kind<Resource>, kind: Kind<Replication>, controller: Controller): void {
    informers.informer(owned).onChange((before, after) => {
      const object = after ?? before;
      const owner = object?.metadata.ownerReferences?.find((entry) => entry.kind === kind.kind);
      const namespace = object?.metadata.namespace;
      if (owner !== undefined && namespace !== undefined) controller.enqueue({ namespace, name: owner.name });
    });
  }
  const sources = controllerOf(replicationSources, sourceMover);
  wakeOnCopyTrigger(informers, sources);
  return [sources, controllerOf(replicationDestinations, destinationMover)];
}

/** PVCs do not trigger a reconcile, with one exception: the user's part of the copy-trigger protocol. */
function wakeOnCopyTrigger(informers: Runtime['informers'], sources: Controller): void {
  const { store } = informers.informer(replicationSources, {
    indexers: { sourcePVC: ({ metadata, spec }) => [`${metadata.namespace ?? ''}/${spec?.sourcePVC ?? ''}`] },
  });
  informers.informer(persistentVolumeClaims).onChange((_, after) => {
    if (after?.metadata.annotations?.[USE_COPY_TRIGGER] === undefined) return;
    for (const source of store.byIndex('sourcePVC', formatKey(keyOf(after)))) sources.enqueue(keyOf(source));
  });
}

const options = parseOptions(process.argv.slice(2));
const log = createLogger({
  level: options.verbose ? 'debug' : 'info',
  fields: { program: 'volsync-double' },
});
await runControllers({
  kubeconfig: options.kubeconfig,
  name: 'volsync-double',
  log,
  signal: terminationSignal(),
  election: ELECTION,
  build: (runtime) => build(options, runtime),
});
