import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { isDefaultClass, isBeingDeleted } from '../../api/datamover/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { childNameIn, type RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import { CLASS_INDEX, type Informers } from './environment.ts';
import { CHILD_INDEX, type RequestControllers } from '../../lifecycle/request-controllers.ts';
import { enqueueAll } from './enqueue-all.ts';
import { kindsOf, requestInformers } from './informers.ts';
import type { RequestKinds } from './request-kind.ts';

type Controllers = RequestControllers<RequestKind>['byKind'];

/** Enqueues requests when objects that they wait for change. */
export function watchForRequests(
  informers: Informers,
  { byKind: controllers, enqueueOwner }: Pick<RequestControllers<RequestKind>, 'byKind' | 'enqueueOwner'>,
  kinds: RequestKinds,
): void {
  for (const [kind, informer] of requestInformers(informers, kinds)) {
    informer.onChange((before: Resource | undefined, after: Resource | undefined) => {
      const object = after ?? before;
      if (object !== undefined) controllers[kind].enqueue(keyOf(object));
    });
  }
  const byRequest = (before: Resource | undefined, after: Resource | undefined): void => {
    const child = after ?? before;
    if (child !== undefined) enqueueOwner(child);
  };
  informers.snapshots.onChange(byRequest);
  informers.snapshotContents.onChange(byRequest);
  informers.claims.onChange(byRequest);
  enqueueByClasses(informers, controllers, kinds);
  enqueueByVolumes(informers, controllers, kinds);
  for (const kind of kindsOf(kinds)) kinds[kind].watch?.(informers, controllers[kind]);
}

/**
 * Enqueues the requests of a class that was created or whose spec or metadata changed. Only this controller writes the status of
 * a class, and no request waits for it.
 */
function enqueueByClasses(informers: Informers, controllers: Controllers, kinds: RequestKinds): void {
  informers.classes.onChange((before, after) => {
    if (after === undefined || specified(before) === specified(after)) return;
    // Requests without a class may get this one.
    for (const className of [after.metadata.name, '']) {
      for (const [kind, informer] of requestInformers(informers, kinds)) {
        enqueueAll(controllers[kind], informer.store.byIndex(CLASS_INDEX, className));
      }
    }
  });
}

/** Returns a key of everything in a class except for its status. */
function specified(object: DataMoverClass | undefined): string {
  if (object === undefined) return '';
  const { uid, generation, labels, annotations } = object.metadata;
  return JSON.stringify([
    uid,
    generation,
    labels,
    annotations,
    isBeingDeleted(object),
    isDefaultClass(object),
  ]);
}

/** Enqueues the requests whose staging claim is bound to the volume. */
function enqueueByVolumes(informers: Informers, controllers: Controllers, kinds: RequestKinds): void {
  const staging = requestInformers(informers, kinds).filter(([kind]) => kinds[kind].perNode !== undefined);
  informers.volumes.onChange((before, after) => {
    const { namespace, name = '' } = (after ?? before)?.spec.claimRef ?? {};
    if (namespace === undefined) return;
    // The name of every claim that a mover creates contains the name of the request's children.
    const child = childNameIn(name) ?? name;
    for (const [kind, informer] of staging)
      enqueueAll(controllers[kind], informer.store.byIndex(CHILD_INDEX, child));
  });
}
