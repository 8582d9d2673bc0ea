import type { EventTarget } from './event-target.ts';

/** Reports to users what happens, as Events on the objects that they look at. Never throws and never blocks. */
export interface Reporter {
  report(targets: readonly EventTarget[], type: 'Normal' | 'Warning', reason: string, message: string): void;
}

type ReportEvent = (targets: readonly (EventTarget | undefined)[], reason: string, message: string) => void;

/** Returns functions for Events of type Normal and Warning. They skip undefined targets. */
export function eventsFor(reporter: Reporter): { normal: ReportEvent; warning: ReportEvent } {
  const ofType =
    (type: 'Normal' | 'Warning'): ReportEvent =>
    (targets, reason, message) => {
      reporter.report(
        targets.filter((target) => target !== undefined),
        type,
        reason,
        message,
      );
    };
  return { normal: ofType('Normal'), warning: ofType('Warning') };
}
