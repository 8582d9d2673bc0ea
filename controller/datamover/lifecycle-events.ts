import { eventReasons } from '../../api/datamover/v1alpha1/reasons.ts';
import type { EventTarget } from '../../lifecycle/observe/event-target.ts';
import { eventsFor, type Reporter } from '../../lifecycle/observe/reporter.ts';
import type { MovingStatus } from './transfer-steps.ts';

export interface LifecycleChange<Status> {
  before: Status;
  after: Status;
  /** For example `backup of PersistentVolumeClaim app/data`. */
  subject: string;
  self: EventTarget;
  /** Objects that get the Event of the start, in addition to the request. */
  started: readonly (EventTarget | undefined)[];
  /** Source or destination objects of the data. They get the Event of the end. */
  data: readonly (EventTarget | undefined)[];
  /** The Velero Backup or Restore. */
  velero: EventTarget | undefined;
}

/** Emits the Events that backups and restores have in common: queued, mover started, and the end. */
export function reportLifecycle<Status extends MovingStatus>(
  reporter: Reporter,
  what: LifecycleChange<Status>,
): void {
  const { before, after, self, started } = what;
  const { normal } = eventsFor(reporter);
  if (before.queue === undefined && after.queue !== undefined)
    normal([self], eventReasons.queued, after.queue.reason);
  if (before.movingSince === undefined && after.movingSince !== undefined) {
    normal(
      [self, ...started],
      eventReasons.moving,
      `mover ${after.mover ?? ''} has started the ${what.subject}`,
    );
  }
  if (before.phase !== after.phase) reportEnd(reporter, what);
}

function reportEnd<Status extends MovingStatus>(reporter: Reporter, what: LifecycleChange<Status>): void {
  const { after, subject, self, data, velero } = what;
  const { normal, warning } = eventsFor(reporter);
  const everybody = [self, ...data, velero];
  const text = `${subject}: ${after.message ?? ''}`;
  if (after.phase === 'Completed') normal(everybody, eventReasons.completed, text);
  if (after.phase === 'Canceled') warning(everybody, eventReasons.canceled, text);
  if (after.phase === 'Failed') warning(everybody, eventReasons.failed, text);
}
