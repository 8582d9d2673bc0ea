import type { EventRecorder } from '../kube/status/events.ts';
import type { Reporter } from './request/reporter.ts';

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
        });
      }
    },
  };
}
