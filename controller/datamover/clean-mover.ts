import { untilGone } from '../../lifecycle/request/run-cleanup.ts';
import type { ChildIdentity } from '../../lifecycle/request/child-identity.ts';
import type { Step } from '../../lifecycle/request/step.ts';
import type { AnyMover, RequestKind } from '../../movers/mover.ts';

interface MoverScope {
  resolved: { mover: Pick<AnyMover, 'cleanup'> };
  child: ChildIdentity<RequestKind>;
  signal: AbortSignal;
}

/** The first cleanup step of every request: the mover deletes what it has created. */
export const cleanMover: Step<MoverScope> = {
  name: 'clean up mover',
  run: async ({ resolved, child, signal }) => untilGone(await resolved.mover.cleanup({ ...child, signal })),
};
