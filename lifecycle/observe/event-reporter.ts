import type { EventRecorder } from '../../kube/status/events.ts';
import type { Reporter } from './reporter.ts';

export interface EventReporterOptions {
  /** The action of all Events. */
  action: string;
  /**
   * Reasons of Events about progress. They may be dropped, because the status also shows progress; Events about the outcome may
   * not.
   */
  progress: ReadonlySet<string>;
}

/** Creates a reporter that emits Kubernetes Events. */
export function createEventReporter(
  recorder: EventRecorder,
  { action, progress }: EventReporterOptions,
): Reporter {
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
          action,
          note: message,
          droppable: progress.has(reason),
        });
      }
    },
  };
}
