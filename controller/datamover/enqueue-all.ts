import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import type { Controller } from '../../kube/runtime/controller.ts';
import { forEachInTurns } from '../../kube/runtime/turns.ts';

/** Enqueues in turns, because thousands of requests may wait for one object. */
export function enqueueAll(controller: Controller, requests: readonly Resource[]): void {
  void forEachInTurns(requests, (request) => controller.enqueue(keyOf(request)));
}
