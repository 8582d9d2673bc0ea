import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Cleaner } from '../../kube/runtime/deleter.ts';
import { hasFinalizer as holdsFinalizer } from '../../kube/status/finalizers.ts';
import type { Admission } from '../admission/admission.ts';
import { targetOf } from '../observe/event-target.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { Reporter } from '../observe/reporter.ts';
import { createRequestMemory, type RequestMemory } from './request-memory.ts';
import type { RequestResource, AnyRequestType } from './request-type.ts';
import type { RequestStatus } from '../request-status.ts';
import { createStatusStore, type StatusStore } from './status-store.ts';

/** The words of a product on Kubernetes objects. */
export interface Vocabulary {
  /** On its requests until their children are deleted. */
  finalizer: string;
  /** Reason of the Events about objects that could not be deleted. */
  warning: string;
}

/** What the lifecycle needs from the process that runs it. */
export interface LifecycleDependencies {
  client: KubeClient;
  /** This controller, as in `status.servedBy` of requests: namespace and name of its Lease. */
  self: string;
  vocabulary: Vocabulary;
  admission: Admission;
  cleaner: Cleaner;
  reporter: Reporter;
  observers: readonly RequestObserver[];
  /** Wall time, for timestamps. */
  now: () => Date;
  /** For durations. */
  clock: Clock;
}

/** The reconcile loop of one kind of requests: what its functions share. */
export interface Loop {
  deps: LifecycleDependencies;
  type: AnyRequestType;
  store: StatusStore<RequestResource>;
  memory: RequestMemory;
}

export function createLoop(deps: LifecycleDependencies, type: AnyRequestType): Loop {
  const store = createStatusStore<RequestResource>(deps.client, type.kind, deps.clock);
  return { deps, type, store, memory: createRequestMemory(deps, store) };
}

/** Returns a copy of the status that a pass may write to. */
export function draftOf(request: RequestResource): RequestStatus {
  return structuredClone(request.status ?? {});
}

export function hasFinalizer({ deps }: Loop, request: RequestResource): boolean {
  return holdsFinalizer(request, deps.vocabulary.finalizer);
}

export function hasEnded({ type }: Loop, status: RequestStatus): boolean {
  return status.failure !== undefined || type.succeeded(status);
}

/** Reports that objects of a request remain after its cleanup. */
export function warnOfLeftovers({ deps }: Loop, request: RequestResource, left: readonly string[]): void {
  const text = `some objects of this request could not be deleted: ${left.join('; ')}`;
  deps.reporter.report([targetOf(request)], 'Warning', deps.vocabulary.warning, text);
}
