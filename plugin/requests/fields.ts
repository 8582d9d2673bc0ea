import type { Resource } from '../../api/kubernetes/meta.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { parseTraceParent } from '../../api/kubernetes/traceparent.ts';
import type { LogFields } from '../../telemetry/log.ts';

/** Returns the log fields that connect the lines of Velero's log and of the controller's log about one request. */
export function requestFields({ metadata }: Resource): LogFields {
  return {
    requestUID: metadata.uid,
    traceID: parseTraceParent(metadata.annotations?.[annotations.traceparent])?.traceID,
  };
}
