import type { Kind, Resource } from '../../../api/kubernetes/meta.ts';
import type { SweepRound } from '../request-kind.ts';
import { actionForCompleted } from './ownership.ts';
import { deleteRequest, forEachRequest } from './sweep.ts';

type Expiring = Resource & Parameters<typeof actionForCompleted>[0];

/** Returns the sweep of a kind whose completed requests are deleted after a day. */
export function sweepExpired<T extends Expiring>(
  kind: Kind<T>,
): (round: SweepRound, requests: readonly T[]) => Promise<void> {
  return (round, requests) =>
    forEachRequest(round, requests, async (one) => {
      if (actionForCompleted(one, round.now) === 'delete') await deleteRequest(round, kind, one);
    });
}
