import type { Resource } from '../../api/kubernetes/meta.ts';
import type { LogFields, Logger } from '../../telemetry/log.ts';
import type { RequestStatus } from '../request-status.ts';
import type { RequestObserver } from './observer.ts';
import { traceOf } from './request-trace.ts';

/** Returns the fields that identify a request in every line about it. Logs of other programs use the same ids. */
export function logFieldsOf(request: Resource): LogFields {
  return { requestUID: request.metadata.uid, traceID: traceOf(request).traceID };
}

/** Creates an observer that logs one line whenever a request enters a phase. `more` returns the fields that a product adds. */
export function createRequestLog(
  log: Logger,
  more: (status: RequestStatus) => LogFields = () => ({}),
): RequestObserver {
  return {
    wrote(request, before, after) {
      if (before.phase === after.phase) return;
      const { kind, metadata } = request;
      const { phase, failure, message } = after;
      const fields = {
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        ...logFieldsOf(request),
        phase,
        ...more(after),
        reason: failure?.reason,
        why: message,
      };
      log[phase === 'Failed' ? 'warn' : 'info'](fields, `${kind} is ${phase ?? ''}`);
    },
  };
}
