import { annotations, labels } from '../api/common/keys.ts';
import { formatKey, keyOf, parseKey, type Resource } from '../api/kubernetes/meta.ts';
import type { Lister } from '../kube/cache/lister.ts';
import { createController, type Controller, type ControllerOptions } from '../kube/runtime/controller.ts';
import type { Admission } from './admission/admission.ts';
import { priorityOf } from './admission/priority.ts';
import { logFieldsOf } from './observe/request-log.ts';
import { createRequestReconciler, type Remembered } from './request/reconcile.ts';
import type { LifecycleDependencies } from './request/loop.ts';
import type { AnyRequestType, RequestResource } from './request/request-type.ts';

/** Index of requests by the name of their children. Every informer of requests has it. */
export const CHILD_INDEX = 'child';

/** The controllers of all kinds of requests. */
export interface RequestControllers<K extends string> {
  byKind: Readonly<Record<K, Controller>>;
  /** Per kind: returns true if this controller serves the request. */
  isOwn: Readonly<Record<K, (request: RequestResource) => boolean>>;
  /** Enqueues the request that an object was created for. */
  enqueueOwner(child: Resource): void;
  /** Enqueues the request whose children have this name. */
  enqueueByChild(name: string): void;
  /** Returns for how many requests the reconcilers hold state, by kind and sort of state. */
  remembered(): Remembered;
}

/** Creates a reconciler and a controller for each kind of requests of a product. `types` are keyed by the label of the kind. */
export function createRequestControllers<K extends string>(
  deps: LifecycleDependencies,
  types: Readonly<Record<K, AnyRequestType>>,
  options: Pick<ControllerOptions, 'log' | 'clock' | 'metrics' | 'workers'>,
): RequestControllers<K> {
  const parts = mapValues(types, (type, kind) => {
    const reconciler = createRequestReconciler(deps, type);
    const controller = createController({
      ...options,
      name: kind,
      ...optionsOf(type.lister, deps.admission),
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
      if (key !== undefined && Object.hasOwn(byKind, kind)) byKind[kind as K].enqueue(parseKey(key));
    },
    enqueueByChild(name) {
      for (const { type, controller } of Object.values<(typeof parts)[K]>(parts))
        for (const request of type.lister.byIndex(CHILD_INDEX, name)) controller.enqueue(keyOf(request));
    },
    remembered: () =>
      Object.fromEntries(
        Object.entries<(typeof parts)[K]>(parts).flatMap(([kind, { reconciler }]) =>
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

function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  map: (value: A, kind: K) => B,
): Record<K, B> {
  const entries = Object.entries<A>(record).map(([kind, value]) => [kind, map(value, kind as K)]);
  return Object.fromEntries(entries) as Record<K, B>;
}
