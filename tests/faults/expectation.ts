import type { Resource } from '../../api/kubernetes/meta.ts';
import type { Call } from './intercept.ts';

/** A story that has started. */
export interface Expectation {
  /** Returns true if a call at this moment counts; default: always. */
  counts?(call: Call): boolean;
  isOver(): boolean;
  /** What may exist at the end if the request was deleted during the story; default: the same. */
  withdrawn?(): string[];
  /** All objects that may exist at the end. */
  inventory(): string[];
  /** Checks the result after movers have started `tries` times; default: once. */
  verify(tries?: number): void;
}

export const isFree = (object: Resource | undefined): boolean =>
  (object?.metadata.finalizers ?? []).length === 0;
