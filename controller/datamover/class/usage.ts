import { formatKey, keyOf, type Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverClassStatus } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import { requestInformers } from '../informers.ts';
import { type Informers } from '../environment.ts';
import type { RequestKinds } from '../request-kind.ts';
import { compareText, createLine, type Line } from '../../../lifecycle/admission/sorted-line.ts';
import { isFinal } from '../../../lifecycle/request-status.ts';

const NAMED = 10;

type Request = Resource & { status?: { phase?: string | undefined; dataMoverClass?: string | undefined } };

/** Returns the class that a request uses: from its resolution until the request has ended and its children are deleted. */
export function classInUse(request: Request | undefined): string | undefined {
  return isFinal(request?.status?.phase) ? undefined : request?.status?.dataMoverClass;
}

/** Which requests use which class. */
export interface Usage {
  /** Returns `undefined` if no request uses the class. */
  of(className: string): DataMoverClassStatus['inUse'];
}

/**
 * Creates the usage from changes of requests instead of lists: a class is reconciled often, and thousands of requests may use it.
 */
export function createUsage(informers: Informers, kinds: RequestKinds): Usage {
  /** Names of requests in alphabetical order, by class. */
  const users = new Map<string, Line<string>>();

  function join(className: string, name: string): void {
    const line = users.get(className) ?? createLine(compareText);
    users.set(className, line);
    line.add(name);
  }

  function leave(className: string, name: string): void {
    const line = users.get(className);
    line?.remove(name);
    if (line?.size === 0) users.delete(className);
  }

  function follow(before: Resource | undefined, after: Resource | undefined): void {
    const [was, is] = [classInUse(before), classInUse(after)];
    if (was === is) return;
    if (before !== undefined && was !== undefined) leave(was, nameOf(before));
    if (after !== undefined && is !== undefined) join(is, nameOf(after));
  }

  for (const [, informer] of requestInformers(informers, kinds)) informer.onChange(follow);

  return {
    of(className) {
      const line = users.get(className);
      return line && { requests: line.size, names: line.first(NAMED) };
    },
  };
}

function nameOf(request: Resource): string {
  return `${request.kind} ${formatKey(keyOf(request))}`;
}
