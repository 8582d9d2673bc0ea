import type { Resource } from '../../api/kubernetes/meta.ts';
import type { Call } from './intercept.ts';

/** A story that has begun. */
export interface Told {
  /** Whether a call counts that is made at the moment; default: always. */
  counts?(call: Call): boolean;
  isOver(): boolean;
  /** What may be there at the end when the request was deleted on its way; default: the same. */
  withdrawn?(): string[];
  /** All that may be there at the end. */
  inventory(): string[];
  /** What must hold at the end, at which movers have begun so often; default: once. */
  verify(tries?: number): void;
}

export const isFree = (object: Resource | undefined): boolean =>
  (object?.metadata.finalizers ?? []).length === 0;
