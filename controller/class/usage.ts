import { formatKey, keyOf, type Resource } from '../../api/meta.ts';
import type { DataMoverClassStatus } from '../../api/v1alpha1/data-mover-class.ts';
import { CLASS_INDEX, type Listers } from '../environment.ts';
import { createLine } from '../request/line.ts';
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
  const users = [backups, restores, deletes, prunes].flatMap((lister): Request[] =>
    lister.byIndex(CLASS_INDEX, className),
  );
  if (users.length === 0) return undefined;
  const names = createLine<string>((a, b) => (a < b ? -1 : Number(a > b)));
  for (const request of users) {
    names.add(`${request.kind} ${formatKey(keyOf(request))}`);
    const [last] = names.first(NAMED + 1).slice(NAMED);
    if (last !== undefined) names.remove(last);
  }
  return { requests: users.length, names: names.first(NAMED) };
}
