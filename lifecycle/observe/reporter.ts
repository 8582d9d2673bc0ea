import type { EventTarget } from './event-target.ts';
import type { EventReason } from '../../api/datamover/v1alpha1/reasons.ts';

/** Tells people what happens, as Events on the objects they look at. Never fails and never blocks. */
export interface Reporter {
  report(
    targets: readonly EventTarget[],
    type: 'Normal' | 'Warning',
    reason: EventReason,
    message: string,
  ): void;
}

type Speak = (targets: readonly (EventTarget | undefined)[], reason: EventReason, message: string) => void;

/** A reporter's two voices; targets that are not known are left out. */
export function speaker(reporter: Reporter): { normal: Speak; warning: Speak } {
  const voice =
    (type: 'Normal' | 'Warning'): Speak =>
    (targets, reason, message) => {
      reporter.report(
        targets.filter((target) => target !== undefined),
        type,
        reason,
        message,
      );
    };
  return { normal: voice('Normal'), warning: voice('Warning') };
}
