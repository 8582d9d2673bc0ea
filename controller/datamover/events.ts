import { eventReasons } from '../../api/datamover/v1alpha1/reasons.ts';
import type { EventReporterOptions } from '../../lifecycle/observe/event-reporter.ts';

/** How this product reports Events. */
export const EVENTS: EventReporterOptions = {
  action: 'MoveData',
  progress: new Set<string>([eventReasons.captured, eventReasons.queued, eventReasons.moving]),
};
