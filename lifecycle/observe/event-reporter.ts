import { eventReasons } from '../../api/datamover/v1alpha1/reasons.ts';
import type { EventRecorder } from '../../kube/status/events.ts';
import type { Reporter } from './reporter.ts';

/** How far a request has come is in its status as well; its outcome is what nobody may miss. */
const PROGRESS: ReadonlySet<string> = new Set([
  eventReasons.captured,
  eventReasons.queued,
  eventReasons.moving,
]);

/** Reports as Kubernetes Events, which `kubectl describe` shows. */
export function createEventReporter(recorder: EventRecorder): Reporter {
  return {
    report(targets, type, reason, message) {
      for (const { apiVersion, kind, namespace, name, uid } of targets) {
        recorder.record({
          regarding: {
            apiVersion,
            kind,
            name,
            ...(namespace !== undefined && { namespace }),
            ...(uid !== undefined && { uid }),
          },
          type,
          reason,
          action: 'MoveData',
          note: message,
          droppable: PROGRESS.has(reason),
        });
      }
    },
  };
}
