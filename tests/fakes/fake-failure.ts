import { formatKey, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import { KubeError } from '../../kube/client/kube-error.ts';

/** The object that a failure is about; without a key it is about the kind. */
export interface Subject {
  kind: Kind<Resource>;
  key?: Key;
}

/** Returns the error into which our client turns such an answer of a real API server. */
export function failure(code: number, reason: string, subject: Subject, message: string): KubeError {
  const { kind, key } = subject;
  const what = key === undefined ? kind.kind : `${kind.kind} ${formatKey(key)}`;
  return new KubeError({ code, reason, message: `${what}: ${String(code)} ${reason}: ${message}` });
}

export function notFound(subject: Required<Subject>): KubeError {
  return failure(404, 'NotFound', subject, `${subject.kind.plural} "${subject.key.name}" not found`);
}
