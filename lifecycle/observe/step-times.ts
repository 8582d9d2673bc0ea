import { conditionTypes } from '../../api/datamover/v1alpha1/reasons.ts';
import type { RequestStatus } from '../request/request-type.ts';

/** A step that is behind a request; milliseconds since 1970. */
export interface StepTime {
  /** Its condition. */
  step: string;
  from: number;
  to: number;
}

/**
 * When each step began and ended, as the conditions say: one begins where the one before it has ended. Nothing else has to
 * be remembered, so a restart in between changes nothing; conditions know whole seconds only.
 */
export function stepTimes({ startTimestamp, conditions = [] }: RequestStatus): StepTime[] {
  let from = Math.floor(Date.parse(startTimestamp ?? '') / 1000) * 1000;
  return conditions
    .filter(({ type, status }) => status === 'True' && type !== conditionTypes.ready)
    .map(({ type, lastTransitionTime }) => {
      const begun = from;
      from = Math.max(from, Date.parse(lastTransitionTime));
      return { step: type, from: begun, to: from };
    });
}
