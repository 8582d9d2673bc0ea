import type { FailureReason } from '../api/datamover/v1alpha1/reasons.ts';

/** Why a repository cannot be accessed. The message names object, key and remedy, never the value of a key. */
export interface AccessProblem {
  reason: FailureReason;
  message: string;
}
