import type { Lister } from '../../kube/cache/lister.ts';
import type { Key } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Controller } from '../../kube/runtime/controller.ts';
import { boundsBy } from './limits.ts';
import { isUsable } from '../../volumes/exposure/nodes.ts';
import { requestInformers } from './informers.ts';
import type { Informers } from './environment.ts';
import type { RequestKinds } from './request-kind.ts';
import type { RequestKind } from '../../movers/mover.ts';
import { createAdmission, type Admission } from '../../lifecycle/admission/admission.ts';
import { ADMISSION_WORDS, isCanceled, slotOf, type AdmissibleRequest } from './admissible.ts';
import { createForeignRequests } from './foreign-requests.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Node } from '../../api/kubernetes/core.ts';

/** Maximum age of the queue position that is shown for a request near the head of the queue. */
export const POSITION_MS = 30_000;

interface Dependencies {
  informers: Informers;
  kinds: RequestKinds;
  /** Called only after the controllers have been created. */
  controllerOf: (kind: RequestKind) => Pick<Controller, 'enqueue'>;
  isOurs: (request: AdmissibleRequest) => boolean;
  client: KubeClient;
  clock: Clock;
  log: Logger;
}

/**
 * Creates the admission of all requests from the caches. It enqueues requests that are offered a slot, and those whose position
 * has changed.
 */
export function createWatchedAdmission({
  informers,
  kinds,
  controllerOf,
  isOurs,
  client,
  clock,
  log,
}: Dependencies): Admission {
  const { classes, nodes } = informers;
  const enqueue = (kind: string, key: Key): void => controllerOf(kind as RequestKind).enqueue(key);
  let isDue = false;

  function enqueueFrontsLater(): void {
    if (isDue) return;
    isDue = true;
    clock.after(POSITION_MS, () => {
      isDue = false;
      for (const { kind, key } of admission.takeFronts()) enqueue(kind, key);
    });
  }

  const usable = countUsable(nodes.store);
  const admission = createAdmission<AdmissibleRequest>({
    bounds: {
      ...boundsBy((className) => classes.store.get(className)?.spec.limits, kinds),
      nodes: usable.count,
    },
    words: ADMISSION_WORDS,
    slotOf,
    isCanceled,
    onOffer: (kind, key) => {
      enqueue(kind, key);
      enqueueFrontsLater();
    },
    isOurs,
  });
  const foreign = createForeignRequests({
    client,
    clock,
    log,
    onChange: (...change) => admission.changed(...change),
  });
  for (const [kind, informer] of requestInformers(informers, kinds))
    informer.onChange((before: AdmissibleRequest | undefined, after: AdmissibleRequest | undefined) => {
      const wasOurs = before !== undefined && isOurs(before);
      const foreignBefore = wasOurs ? undefined : before;
      if (after !== undefined && isOurs(after)) {
        if (foreignBefore !== undefined) foreign.changed(foreignBefore, undefined);
        admission.changed(kind, before, after);
      } else {
        if (wasOurs) admission.changed(kind, before, undefined);
        foreign.changed(foreignBefore, after);
      }
    });
  classes.onChange((before, after) => {
    if (before?.metadata.generation !== after?.metadata.generation) admission.boundsChanged();
  });
  nodes.onChange((before, after) => {
    if ((before && isUsable(before)) === (after && isUsable(after))) return;
    usable.outdate();
    admission.boundsChanged();
  });
  return admission;
}

/** Counts the usable nodes once per change of nodes instead of once per call. */
function countUsable(nodes: Pick<Lister<Node>, 'list'>): { count: () => number; outdate: () => void } {
  let known: number | undefined;
  return {
    count: () => (known ??= nodes.list().filter(isUsable).length),
    outdate: () => (known = undefined),
  };
}
