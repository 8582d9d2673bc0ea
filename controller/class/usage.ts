import { formatKey, keyOf, type Resource } from '../../api/meta.ts';
import type { DataMoverClassStatus } from '../../api/v1alpha1/data-mover-class.ts';
import type { Listers } from '../environment.ts';
import { isFinal } from '../request/request.ts';

const NAMED = 10;

type Request = Resource & { status?: { phase?: string | undefined; dataMoverClass?: string | undefined } };

/** The class that a request uses: from when it got it until the request has ended and all that was made for it is gone. */
export function classInUse(request: Request | undefined): string | undefined {
  return isFinal(request?.status?.phase) ? undefined : request?.status?.dataMoverClass;
}

/** Who uses a class; `undefined` when nobody does. */
export function usageOf(
  { backups, restores, deletes, prunes }: Pick<Listers, 'backups' | 'restores' | 'deletes' | 'prunes'>,
  className: string,
): DataMoverClassStatus['inUse'] {
  const users = [backups, restores, deletes, prunes]
    .flatMap((lister): Request[] => lister.list())
    .filter((request) => classInUse(request) === className)
    .map((request) => `${request.kind} ${formatKey(keyOf(request))}`);
  return users.length === 0 ? undefined : { requests: users.length, names: users.sort().slice(0, NAMED) };
}
