import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import { formatKey, keyOf, parseKey, type Resource } from '../../api/kubernetes/meta.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import { createController, type Controller, type ControllerOptions } from '../../kube/runtime/controller.ts';
import type { Admission } from '../../lifecycle/admission/admission.ts';
import { priorityOf } from '../../lifecycle/admission/priority.ts';
import { logFieldsOf } from '../../lifecycle/observe/request-log.ts';
import { createRequestReconciler, type Remembered } from '../../lifecycle/request/reconcile.ts';
import type { AnyRequestType, RequestResource } from '../../lifecycle/request/request-type.ts';
import { backupRequest } from './backup/backup.ts';
import { deleteRequest } from './delete/delete.ts';
import type { Environment } from './environment.ts';
import { CHILD_INDEX } from './informers.ts';
import { pruneRequest } from './prune/prune.ts';
import { restoreRequest } from './restore/restore.ts';

/** The kinds of requests, in the order of their controllers. */
const TYPES: Readonly<Record<RequestKind, (env: Environment) => AnyRequestType>> = {
  backup: backupRequest,
  restore: restoreRequest,
  delete: deleteRequest,
  prune: pruneRequest,
};

/** The controllers of all kinds of requests. */
export interface RequestControllers {
  byKind: Readonly<Record<RequestKind, Controller>>;
  /** Per kind: returns true if this controller serves the request. */
  isOwn: Readonly<Record<RequestKind, (request: RequestResource) => boolean>>;
  /** Enqueues the request that an object was created for. */
  enqueueOwner(child: Resource): void;
  /** Enqueues the request whose children have this name. */
  enqueueByChild(name: string): void;
  /** Returns for how many requests the reconcilers hold state, by kind and sort of state. */
  remembered(): Remembered;
}

export function createRequestControllers(
  env: Environment,
  options: Pick<ControllerOptions, 'log' | 'clock' | 'metrics' | 'workers'>,
): RequestControllers {
  const parts = mapValues(TYPES, (create, kind) => {
    const type = create(env);
    const reconciler = createRequestReconciler(env, type);
    const controller = createController({
      ...options,
      name: kind,
      ...optionsOf(type.lister, env.admission),
      reconciler,
    });
    return { type, reconciler, controller };
  });
  const byKind = mapValues(parts, ({ controller }) => controller);

  return {
    byKind,
    isOwn: mapValues(
      parts,
      ({ type }) =>
        (request: RequestResource) =>
          !type.isForeign(request) && type.resolve(request) !== undefined,
    ),
    enqueueOwner({ metadata }) {
      const key = metadata.annotations?.[annotations.request];
      const kind = metadata.labels?.[labels.requestKind] ?? '';
      if (key !== undefined && Object.hasOwn(byKind, kind))
        byKind[kind as RequestKind].enqueue(parseKey(key));
    },
    enqueueByChild(name) {
      for (const { type, controller } of Object.values(parts))
        for (const request of type.lister.byIndex(CHILD_INDEX, name)) controller.enqueue(keyOf(request));
    },
    remembered: () =>
      Object.fromEntries(
        Object.entries(parts).flatMap(([kind, { reconciler }]) =>
          Object.entries(reconciler.remembered()).map(([what, count]) => [`${kind} ${what}`, count]),
        ),
      ),
  };
}

/** Returns the functions for the log fields and the priority of a request. The log fields are empty if it does not exist. */
function optionsOf(
  lister: Lister<RequestResource>,
  admission: Admission,
): Pick<ControllerOptions, 'logFields' | 'priorityOf'> {
  return {
    logFields: (key) => {
      const request = lister.get(formatKey(key));
      return request === undefined ? {} : logFieldsOf(request);
    },
    priorityOf: (key) => {
      const request = lister.get(formatKey(key));
      return priorityOf(request?.status?.phase, admission.hasSlot(request?.metadata.uid ?? ''));
    },
  };
}

function mapValues<A, B>(
  record: Readonly<Record<RequestKind, A>>,
  map: (value: A, kind: RequestKind) => B,
): Record<RequestKind, B> {
  const entries = Object.entries(record).map(([kind, value]) => [kind, map(value, kind as RequestKind)]);
  return Object.fromEntries(entries) as Record<RequestKind, B>;
}
