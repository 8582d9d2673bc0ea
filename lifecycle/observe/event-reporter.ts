import { eventReasons } from '../../api/datamover/v1alpha1/reasons.ts';
import type { EventRecorder } from '../../kube/status/events.ts';
import type { Reporter } from './reporter.ts';

/**
 * Reasons of Events about progress. They may be dropped, because the status also shows progress; Events about the outcome may
 * not.
 */
const PROGRESS: ReadonlySet<string> = new Set([
  eventReasons.captured,
  eventReasons.queued,
  eventReasons.moving,
]);

/** Creates a reporter that emits Kubernetes Events. */
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
