import type { Resource } from '../../api/meta.ts';

/** A story that has begun. */
export interface Told {
  /** Whether calls count at the moment; default: always. */
  counts?(): boolean;
  isOver(): boolean;
  /** What may be there at the end when the request was deleted on its way; default: the same. */
  withdrawn?(): string[];
  /** All that may be there at the end. */
  inventory(): string[];
  /** What must hold at the end. */
  verify(): void;
}

export const isFree = (object: Resource | undefined): boolean =>
  (object?.metadata.finalizers ?? []).length === 0;
