import type { FailureReason } from '../api/datamover/v1alpha1/reasons.ts';

/** There is no way to the repository; the message names object, key and remedy, never a value. */
export interface AccessProblem {
  reason: FailureReason;
  message: string;
}
