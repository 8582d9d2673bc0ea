import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { Bounds } from '../../lifecycle/admission/slots.ts';
import type { Limits, RequestKindDescriptor } from './request-kind.ts';

type Limited = Pick<RequestKindDescriptor, 'perClass' | 'perNode'>;

/** Returns how many requests may run at once, by the limits of their classes. If the class was deleted, none may run. */
export function boundsBy(
  limitsOf: (className: string) => Limits | undefined,
  kinds: Readonly<Record<RequestKind, Limited>>,
): Pick<Bounds, 'perPool' | 'perNode'> {
  return {
    perPool(className, kind) {
      const limits = limitsOf(className);
      return limits === undefined ? 0 : kinds[kind as RequestKind].perClass(limits);
    },
    perNode(className, kind) {
      const limits = limitsOf(className);
      return limits === undefined ? 0 : (kinds[kind as RequestKind].perNode?.(limits) ?? Infinity);
    },
  };
}
