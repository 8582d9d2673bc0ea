import { formatKey, keyOf } from '../../api/meta.ts';
import { cleanMover } from '../request/clean-up.ts';
import { checkCare } from '../request/repository-care.ts';
import { recover } from '../request/retry.ts';
import { admit, followMover } from '../request/shared-steps.ts';
import { checkpoint, failed, type Step, type StepResult } from '../request/step.ts';
import type { PruneScope } from './scope.ts';

/** The way of a prune, in order. Each step is skipped when its facts are recorded. */
export const pruneSteps: readonly Step<PruneScope>[] = [
  { name: 'check', run: check },
  { name: 'recover', run: recover },
  { name: 'admit', run: (scope) => admit(scope, 'prune', scope.request.metadata.uid ?? '') },
  { name: 'prune', run: prune },
];

/** The way back. */
export const pruneCleanup: readonly Step<PruneScope>[] = [cleanMover];

function check({ request, status, env, serving }: PruneScope): StepResult {
  if (request.metadata.deletionTimestamp !== undefined)
    return failed('Canceled', `${formatKey(keyOf(request))} was deleted before it was completed`);
  const { mover, repository, dataMoverClass: className } = request.spec;
  const checked = checkCare(
    request,
    { mover, repository, className },
    { serving, protectedNamespace: env.namespace },
  );
  if (checked.state === 'done') status.repositoryPath = repository;
  return checked;
}

async function prune(scope: PruneScope): Promise<StepResult> {
  const { request, status, child, serving, signal, now } = scope;
  const { mover } = serving;
  if (mover.prune === undefined)
    return failed('InvalidRequest', `mover ${mover.name} has nothing to prune: removing a backup is enough`);
  status.movingSince ??= now.toISOString();
  const outcome = await mover.prune({
    ...child,
    config: serving.config,
    repositoryPath: status.repositoryPath ?? '',
    since: status.movingSince,
    signal,
    assertCurrent: scope.assertCurrent,
    veleroLocation: () => Promise.resolve({ name: request.spec.backupStorageLocation }),
  });
  return followMover(scope, outcome, (facts) => {
    Object.assign(status, facts, { prunedAt: now.toISOString() });
    delete status.lastFailure;
    return checkpoint;
  });
}
