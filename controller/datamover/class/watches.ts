import { formatKey, keyOf, type Resource } from '../../../api/kubernetes/meta.ts';
import {
  isDefaultClass,
  isBeingDeleted,
  installationOfClass,
} from '../../../api/datamover/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Controller } from '../../../kube/runtime/controller.ts';
import { requestInformers } from '../informers.ts';
import type { RequestKinds } from '../request-kind.ts';
import { type Informers } from '../environment.ts';
import { affectsMatching, affectsMatchingOfClaim, type Matches } from './matches.ts';
import { classInUse } from './usage.ts';

/** Delay after a change of usage or matched claims, so that one write of the status covers several changes. */
const DEBOUNCE_MS = 10_000;

/** Enqueues classes when objects that their status depends on change. */
export function watchForClasses(
  informers: Informers,
  controller: Pick<Controller, 'enqueue' | 'enqueueAfter'>,
  { matches, kinds }: { matches: Matches; kinds: RequestKinds },
): void {
  const { classes, claims, volumes } = informers;

  function enqueueAllSoon(): void {
    matches.classesChanged();
    for (const one of classes.store.list()) controller.enqueueAfter(keyOf(one), DEBOUNCE_MS);
  }

  function claimChanged(...change: Parameters<Matches['claimChanged']>): void {
    for (const name of matches.claimChanged(...change)) controller.enqueueAfter({ name }, DEBOUNCE_MS);
  }

  function usageChanged(className: string | undefined): void {
    const found = className === undefined ? undefined : classes.store.get(className);
    if (found === undefined) return;
    if (isBeingDeleted(found)) controller.enqueue(keyOf(found));
    else controller.enqueueAfter(keyOf(found), DEBOUNCE_MS);
  }

  classes.onChange((before, after) => {
    const object = after ?? before;
    if (object === undefined || relevantFields(before) === relevantFields(after)) return;
    enqueueAllSoon();
    controller.enqueue(keyOf(object));
  });
  claims.onChange((before, after) => {
    if (affectsMatching(before, after)) claimChanged(before, after);
  });
  volumes.onChange((before, after) => {
    const { namespace = '', name = '' } = (after ?? before)?.spec.claimRef ?? {};
    const claim = claims.store.get(formatKey({ namespace, name }));
    if (claim !== undefined && affectsMatchingOfClaim(before, after)) claimChanged(claim, claim);
  });
  const requestChanged = (before: Resource | undefined, after: Resource | undefined): void => {
    const [was, is] = [classInUse(before), classInUse(after)];
    if (was === is) return;
    usageChanged(was);
    usageChanged(is);
  };
  for (const [, informer] of requestInformers(informers, kinds)) informer.onChange(requestChanged);
}

/** Includes only the part of the status that decides about claims. */
function relevantFields(object: DataMoverClass | undefined): string {
  if (object === undefined) return '';
  const { uid, generation, finalizers = [] } = object.metadata;
  return JSON.stringify([
    uid,
    generation,
    finalizers,
    isBeingDeleted(object),
    isDefaultClass(object),
    installationOfClass(object),
    object.status?.capabilities,
  ]);
}
