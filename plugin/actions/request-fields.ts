import type { Resource } from '../../api/kubernetes/meta.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { parseTraceParent } from '../../api/kubernetes/traceparent.ts';
import type { LogFields } from '../../telemetry/log.ts';

/** By what a line in Velero's log and the lines of the controller are recognised as being about one request. */
export function requestFields({ metadata }: Resource): LogFields {
  return {
    requestUID: metadata.uid,
    traceID: parseTraceParent(metadata.annotations?.[annotations.traceparent])?.traceID,
  };
}
