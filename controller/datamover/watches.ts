import { keyOf, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { isDefaultClass, isBeingDeleted } from '../../api/datamover/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { childNameIn } from '../../api/datamover/v1alpha1/names.ts';
import type { Controller } from '../../kube/runtime/controller.ts';
import { forEachInTurns } from '../../kube/runtime/turns.ts';
import { CLASS_INDEX } from './environment.ts';
import { CHILD_INDEX, DESTINATION_INDEX, SOURCE_INDEX, type Informers } from './informers.ts';
import type { RequestControllers } from './request-controllers.ts';

type Controllers = RequestControllers['byKind'];

/** Enqueues requests when objects that they wait for change. */
export function watchForRequests(
  informers: Informers,
  { byKind: controllers, enqueueOwner }: Pick<RequestControllers, 'byKind' | 'enqueueOwner'>,
): void {
  for (const [kind, informer] of requestInformers(informers)) {
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
  enqueueByClasses(informers, controllers);
  enqueueBySources(informers, controllers.backup);
  enqueueByDestinations(informers, controllers.restore);
  enqueueByRecords(informers, controllers.restore);
  enqueueByVolumes(informers, controllers);
}

/** Returns the informers of all kinds of requests. */
export function requestInformers({ backups, restores, deletes, prunes }: Informers): RequestInformers {
  return [
    ['backup', backups],
    ['restore', restores],
    ['delete', deletes],
    ['prune', prunes],
  ];
}

type RequestInformers = readonly [
  ['backup', Informers['backups']],
  ['restore', Informers['restores']],
  ['delete', Informers['deletes']],
  ['prune', Informers['prunes']],
];

/**
 * Enqueues the requests of a class that was created or whose spec or metadata changed. Only this controller writes the status of
 * a class, and no request waits for it.
 */
function enqueueByClasses(informers: Informers, controllers: Controllers): void {
  informers.classes.onChange((before, after) => {
    if (after === undefined || specified(before) === specified(after)) return;
    // Requests without a class may get this one.
    for (const className of [after.metadata.name, '']) {
      for (const [kind, informer] of requestInformers(informers)) {
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

/** Enqueues backups whose source was deleted, because they may have nothing left to wait for. */
function enqueueBySources(informers: Informers, backups: Controller): void {
  informers.claims.onChange((before, after) => {
    if (before === undefined || after !== undefined) return;
    const { namespace = '', name } = before.metadata;
    enqueueAll(backups, informers.backups.store.byIndex(SOURCE_INDEX, `${namespace}/${name}`));
  });
}

/** A restore waits until its destination claim is created, bound, or deleted. */
function enqueueByDestinations(informers: Informers, restores: Controller): void {
  informers.claims.onChange((before, after) => {
    const claim = after ?? before;
    if (claim === undefined) return;
    enqueueAll(restores, destinationsOf(informers, keyOf(claim)));
  });
}

/** A restore without a record waits for a short time for the completed backup of its claim. */
function enqueueByRecords(informers: Informers, restores: Controller): void {
  informers.backups.onChange((before, after) => {
    if (after === undefined || !isCompleted(after) || isCompleted(before)) return;
    const { namespace = '' } = after.metadata;
    const name = after.status?.volume?.pvcName ?? '';
    enqueueAll(restores, destinationsOf(informers, { namespace, name }));
  });
}

function isCompleted(backup: { status?: { phase?: string | undefined } } | undefined): boolean {
  return backup?.status?.phase === 'Completed';
}

/** Returns the unfinished restores into a claim. */
function destinationsOf(informers: Informers, claim: Key): Resource[] {
  return informers.restores.store.byIndex(DESTINATION_INDEX, `${claim.namespace ?? ''}/${claim.name}`);
}

/** Enqueues in turns, because thousands of requests may wait for one object. */
function enqueueAll(controller: Controller, requests: readonly Resource[]): void {
  void forEachInTurns(requests, (request) => controller.enqueue(keyOf(request)));
}

/** Enqueues the requests whose staging or destination claim is bound to the volume. */
function enqueueByVolumes(informers: Informers, { backup, restore }: Controllers): void {
  informers.volumes.onChange((before, after) => {
    const { namespace, name = '' } = (after ?? before)?.spec.claimRef ?? {};
    if (namespace === undefined) return;
    enqueueAll(restore, destinationsOf(informers, { namespace, name }));
    // The name of every claim that a mover creates contains the name of the request's children.
    const child = childNameIn(name) ?? name;
    enqueueAll(backup, informers.backups.store.byIndex(CHILD_INDEX, child));
    enqueueAll(restore, informers.restores.store.byIndex(CHILD_INDEX, child));
  });
}
