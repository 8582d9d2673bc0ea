import type { KubeClient } from '../../kube/client/kube-client.ts';
import { whenAborted } from '../../kube/runtime/abort.ts';
import { createLeaderElector } from '../../kube/runtime/leader-election.ts';

/** Short enough for a test, long enough for a busy machine. */
const LEASE = { leaseMs: 8_000, renewDeadlineMs: 5_000, retryMs: 500 };

/** A process that leads only while it holds a Lease of a real API server. */
export interface Candidate {
  /** Works with a signal that fires when the lease is lost. */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Suspends all requests about its lease until it is resumed. */
  pause(): void;
  resume(): void;
}

let candidates = 0;

export function createCandidate(client: KubeClient, namespace: string): Candidate {
  let paused: Promise<void> | undefined;
  let resume: () => void = () => undefined;
  const answer = async <R>(act: () => Promise<R>, signal?: AbortSignal): Promise<R> => {
    if (paused !== undefined) await Promise.race([paused, ...(signal ? [whenAborted(signal)] : [])]);
    signal?.throwIfAborted();
    return act();
  };
  const elector = createLeaderElector({
    ...LEASE,
    client: {
      ...client,
      get: (kind, key, options) => answer(() => client.get(kind, key, options), options?.signal),
      create: (kind, object, options) => answer(() => client.create(kind, object, options), options?.signal),
      mergePatch: (kind, key, patch, options) =>
        answer(() => client.mergePatch(kind, key, patch, options), options?.signal),
    },
    lease: { namespace, name: 'datamover-controller' },
    identity: `candidate-${++candidates}`,
  });
  return {
    run: (signal, lead) => elector.run(signal, lead),
    pause() {
      paused = new Promise((resolve) => (resume = resolve));
    },
    resume() {
      paused = undefined;
      resume();
    },
  };
}
