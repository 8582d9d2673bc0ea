import type { Resource } from '../../api/kubernetes/meta.ts';
import { annotations } from '../../api/common/keys.ts';
import { parseTraceParent, traceParentOf, type TraceParent } from '../../api/kubernetes/traceparent.ts';
import type { FinishedSpan, Tracer } from '../../telemetry/tracing.ts';
import type { RequestObserver } from './observer.ts';
import { isFinal, type RequestStatus } from '../request-status.ts';
import { stepTimes } from './step-times.ts';

/** Returns the trace that the plugin recorded; a request without one (created by hand) has a trace of its own. */
export function traceOf({ metadata }: Resource): TraceParent {
  const { uid = '', name } = metadata;
  return parseTraceParent(metadata.annotations?.[annotations.traceparent]) ?? traceParentOf(uid, name);
}

/** What a product adds to the spans of its requests. */
export interface TraceView {
  /** Of the names of attributes. */
  prefix: string;
  attributes(status: RequestStatus): Readonly<Record<string, string>>;
}

/**
 * Creates an observer that emits the trace of a request when it ends, with a span per step. All data comes from the status, so
 * the trace is complete even if the controller was restarted.
 */
export function createRequestTrace(tracer: Tracer, view: TraceView): RequestObserver {
  return {
    wrote(request, before, after) {
      if (isFinal(after.phase) && !isFinal(before.phase))
        tracer.record(spanOf(request, after, view), traceOf(request));
    },
  };
}

function spanOf(request: Resource, status: RequestStatus, view: TraceView): FinishedSpan {
  const { namespace = '', name, uid = '' } = request.metadata;
  const { startTimestamp = '', completionTimestamp = '', failure } = status;
  const from = Date.parse(startTimestamp);
  const to = Date.parse(completionTimestamp);
  return {
    name: request.kind,
    from,
    to,
    attributes: {
      'k8s.namespace.name': namespace,
      [`${view.prefix}.request.name`]: name,
      [`${view.prefix}.request.uid`]: uid,
      ...view.attributes(status),
      [`${view.prefix}.phase`]: status.phase ?? '',
    },
    ...(failure !== undefined && { error: `${failure.reason}: ${failure.message}` }),
    // Times of steps are whole seconds; they are limited to the span of the request.
    children: stepTimes(status).map((step) => ({
      name: step.step,
      from: within(step.from, { from, to }),
      to: within(step.to, { from, to }),
    })),
  };
}

function within(time: number, { from, to }: { from: number; to: number }): number {
  return Math.min(Math.max(time, from), to);
}
