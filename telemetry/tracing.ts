import { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags, type Context } from '@opentelemetry/api';

/** A span that has ended; times in milliseconds since 1970. */
export interface FinishedSpan {
  name: string;
  from: number;
  to: number;
  attributes?: Record<string, string | number | boolean>;
  /** The error; absent on success. */
  error?: string;
  children?: readonly FinishedSpan[];
}

/** Emits traces. */
export interface Tracer {
  /** Emits a span with its children as the continuation of another process's span. */
  record(span: FinishedSpan, parent: { traceID: string; spanID: string }): void;
}

/**
 * Creates a tracer over OpenTelemetry's API without an SDK: by default nothing is recorded. To get traces, load an SDK into the
 * process before it starts; the SDK also sets the exporter.
 */
export function createTracer(name: string): Tracer {
  // The SDK may be registered after this call.
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
