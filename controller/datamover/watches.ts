import { keyOf, type Key, type Resource } from '../../api/kubernetes/meta.ts';
import { isDefaultClass, isLeaving } from '../../api/datamover/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { childNameIn } from '../../api/datamover/v1alpha1/names.ts';
import type { Controller } from '../../kube/runtime/controller.ts';
import { forEachInTurns } from '../../kube/runtime/turns.ts';
import { CLASS_INDEX } from './environment.ts';
import { CHILD_INDEX, DESTINATION_INDEX, SOURCE_INDEX, type Mirrors } from './informers.ts';
import type { RequestControllers } from './request-controllers.ts';

type Controllers = RequestControllers['byKind'];

/** Enqueues requests when objects that they wait for change. */
export function watchForRequests(
  mirrors: Mirrors,
  { byKind: controllers, enqueueOwner }: Pick<RequestControllers, 'byKind' | 'enqueueOwner'>,
): void {
  for (const [kind, mirror] of requestMirrors(mirrors)) {
    mirror.onChange((before: Resource | undefined, after: Resource | undefined) => {
      const object = after ?? before;
      if (object !== undefined) controllers[kind].enqueue(keyOf(object));
    });
  }
  const byRequest = (before: Resource | undefined, after: Resource | undefined): void => {
    const child = after ?? before;
    if (child !== undefined) enqueueOwner(child);
  };
  mirrors.snapshots.onChange(byRequest);
  mirrors.snapshotContents.onChange(byRequest);
  mirrors.claims.onChange(byRequest);
  enqueueByClasses(mirrors, controllers);
  enqueueBySources(mirrors, controllers.backup);
  enqueueByDestinations(mirrors, controllers.restore);
  enqueueByRecords(mirrors, controllers.restore);
  enqueueByVolumes(mirrors, controllers);
}

/** Returns the informers of all kinds of requests. */
export function requestMirrors({ backups, restores, deletes, prunes }: Mirrors): RequestMirrors {
  return [
    ['backup', backups],
    ['restore', restores],
    ['delete', deletes],
    ['prune', prunes],
  ];
}

type RequestMirrors = readonly [
  ['backup', Mirrors['backups']],
  ['restore', Mirrors['restores']],
  ['delete', Mirrors['deletes']],
  ['prune', Mirrors['prunes']],
];

/**
 * Enqueues the requests of a class that was created or whose spec or metadata changed. Only this controller writes the status of
 * a class, and no request waits for it.
 */
function enqueueByClasses(mirrors: Mirrors, controllers: Controllers): void {
  mirrors.classes.onChange((before, after) => {
    if (after === undefined || specified(before) === specified(after)) return;
    // Requests without a class may get this one.
    for (const className of [after.metadata.name, '']) {
      for (const [kind, mirror] of requestMirrors(mirrors)) {
        enqueueAll(controllers[kind], mirror.store.byIndex(CLASS_INDEX, className));
      }
    }
  });
}

/** Returns a key of everything in a class except for its status. */
function specified(object: DataMoverClass | undefined): string {
  if (object === undefined) return '';
  const { uid, generation, labels, annotations } = object.metadata;
  return JSON.stringify([uid, generation, labels, annotations, isLeaving(object), isDefaultClass(object)]);
}

/** Enqueues backups whose source was deleted, because they may have nothing left to wait for. */
function enqueueBySources(mirrors: Mirrors, backups: Controller): void {
  mirrors.claims.onChange((before, after) => {
    if (before === undefined || after !== undefined) return;
    const { namespace = '', name } = before.metadata;
    enqueueAll(backups, mirrors.backups.store.byIndex(SOURCE_INDEX, `${namespace}/${name}`));
  });
}

/** A restore waits until its destination claim is created, bound, or deleted. */
function enqueueByDestinations(mirrors: Mirrors, restores: Controller): void {
  mirrors.claims.onChange((before, after) => {
    const claim = after ?? before;
    if (claim === undefined) return;
    enqueueAll(restores, destinationsOf(mirrors, keyOf(claim)));
  });
}

/** A restore without a record waits for a short time for the completed backup of its claim. */
function enqueueByRecords(mirrors: Mirrors, restores: Controller): void {
  mirrors.backups.onChange((before, after) => {
    if (after === undefined || !isCompleted(after) || isCompleted(before)) return;
    const { namespace = '' } = after.metadata;
    const name = after.status?.volume?.pvcName ?? '';
    enqueueAll(restores, destinationsOf(mirrors, { namespace, name }));
  });
}

function isCompleted(backup: { status?: { phase?: string | undefined } } | undefined): boolean {
  return backup?.status?.phase === 'Completed';
}

/** Returns the unfinished restores into a claim. */
function destinationsOf(mirrors: Mirrors, claim: Key): Resource[] {
  return mirrors.restores.store.byIndex(DESTINATION_INDEX, `${claim.namespace ?? ''}/${claim.name}`);
}

/** Enqueues in turns, because thousands of requests may wait for one object. */
function enqueueAll(controller: Controller, requests: readonly Resource[]): void {
  void forEachInTurns(requests, (request) => controller.enqueue(keyOf(request)));
}

/** Enqueues the requests whose staging or destination claim is bound to the volume. */
function enqueueByVolumes(mirrors: Mirrors, { backup, restore }: Controllers): void {
  mirrors.volumes.onChange((before, after) => {
    const { namespace, name = '' } = (after ?? before)?.spec.claimRef ?? {};
    if (namespace === undefined) return;
    enqueueAll(restore, destinationsOf(mirrors, { namespace, name }));
    // The name of every claim that a mover creates contains the name of the request's children.
    const child = childNameIn(name) ?? name;
    enqueueAll(backup, mirrors.backups.store.byIndex(CHILD_INDEX, child));
    enqueueAll(restore, mirrors.restores.store.byIndex(CHILD_INDEX, child));
  });
}
