import { conditionTypes } from '../../api/common/conditions.ts';
import type { RequestStatus } from '../request-status.ts';

/** A step that has ended. Times are milliseconds since 1970. */
export interface StepTime {
  /** Its condition type. */
  step: string;
  from: number;
  to: number;
}

/**
 * Returns when each step began and ended, from the conditions: a step begins when the one before it ends. The status is the
 * only source, so restarts have no effect. Conditions have a resolution of one second.
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
