import { formatKey, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { CallDescription } from './kube-error.ts';
import type { HttpRequest } from './transport.ts';

/** One call, as the verbs of the client describe it. */
export interface Call extends CallDescription {
  method: HttpRequest['method'];
  path: string;
  body?: unknown;
  contentType?: string;
  /** True if sending it twice has the same effect as sending it once. Only such calls are retried. */
  idempotent: boolean;
  signal?: AbortSignal | undefined;
}

export function describeCall(verb: string, kind: Kind<Resource>, key: Key | undefined): CallDescription {
  return { verb, kind: kind.kind, ...(key === undefined ? {} : { key: formatKey(key) }) };
}
