import type { Condition } from '../api/kubernetes/meta.ts';

export interface Failure {
  reason: string;
  message: string;
}

/** The part of a request's status that every kind of request has. */
export interface RequestStatus {
  phase?: string | undefined;
  message?: string | undefined;
  observedGeneration?: number | undefined;
  servedBy?: string | undefined;
  startTimestamp?: string | undefined;
  completionTimestamp?: string | undefined;
  failure?: Failure | undefined;
  /** Why a request that is retried has not succeeded yet. */
  lastFailure?: Failure | undefined;
  /** Set while the request waits for a slot. */
  queue?: { ahead: number; reason: string } | undefined;
  /** When the next retry is due. */
  retryAt?: string | undefined;
  conditions?: Condition[] | undefined;
}

/** Returns true for terminal phases. */
export function isFinal(phase: string | undefined): boolean {
  return phase === 'Completed' || phase === 'Failed' || phase === 'Canceled';
}
