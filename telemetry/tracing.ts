import { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags, type Context } from '@opentelemetry/api';

/** A piece of work that is over; times in milliseconds since 1970. */
export interface FinishedSpan {
  name: string;
  from: number;
  to: number;
  attributes?: Record<string, string | number | boolean>;
  /** What went wrong; absent: nothing. */
  error?: string;
  children?: readonly FinishedSpan[];
}

/** Where traces go. */
export interface Tracer {
  /** Tells a span with its children as the continuation of what another process began. */
  record(span: FinishedSpan, parent: { traceID: string; spanID: string }): void;
}

/**
 * OpenTelemetry's API and no SDK: without one nothing is recorded and nothing is kept. Whoever wants traces loads an SDK
 * into the process before it starts, which then also says where they go.
 */
export function createTracer(name: string): Tracer {
  // The SDK may be registered later than this is called.
  const tracer = trace.getTracer(name);

  function tell(
    { name, from, to, attributes = {}, error, children = [] }: FinishedSpan,
    context: Context,
  ): void {
    const span = tracer.startSpan(name, { startTime: from, attributes }, context);
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    for (const child of children) tell(child, trace.setSpan(context, span));
    span.end(to);
  }

  return {
    record(span, { traceID, spanID }) {
      const parent = { traceId: traceID, spanId: spanID, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      tell(span, trace.setSpanContext(ROOT_CONTEXT, parent));
    },
  };
}
