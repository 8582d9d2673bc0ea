import { persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import { present } from '../../present.ts';
import type { ReplicationSource, ReplicationStatus, ResticSourceSpec } from '../api.ts';
import { mustGet } from '../lookup.ts';
import type { Scope, SyncResult } from '../scope.ts';
import { formatTime } from '../state/status.ts';
import { ensureCache } from '../volumes/cache.ts';
import { sourceCopy } from '../volumes/source-copy.ts';
import { ensureAccount } from './account.ts';
import { forgetOptions } from './forget-options.ts';
import { placementFor } from './placement.ts';
import { runJob } from './run-job.ts';

export type SourceScope = Scope<ReplicationSource, ResticSourceSpec>;

const DAY_MS = 86_400_000;
const DEFAULT_PRUNE_DAYS = 7;

/** Reports whether this sync prunes: an interval after the last prune, or first after the CR's creation. */
export function isPruneDue(
  restic: ResticSourceSpec,
  reference: { lastPruned?: string; created?: string },
  now: number,
): boolean {
  const since = Date.parse(reference.lastPruned ?? reference.created ?? formatTime(now));
  return now >= since + (restic.pruneIntervalDays ?? DEFAULT_PRUNE_DAYS) * DAY_MS;
}

/** Runs one pass through the steps of a backup, from the first. */
export async function synchronizeSource(scope: SourceScope): Promise<SyncResult> {
  const { owner, restic, status, now } = scope;
  const source = await mustGet(scope, persistentVolumeClaims, owner.spec?.sourcePVC ?? '');
  const data = await sourceCopy(scope, source);
  if (data === undefined) return 'in-progress';
  const cache = await ensureCache(scope, data, false);
  const serviceAccount = await ensureAccount(scope);
  const operations = operationsOf(scope);
  const direct = data.metadata.name === source.metadata.name;
  const result = await runJob(scope, {
    args: operations,
    forgetOptions: forgetOptions(restic.retain),
    restoreOptions: '',
    data,
    cache,
    serviceAccount,
    placement: direct ? await placementFor(scope, source) : undefined,
  });
  if (result === 'done') {
    const pruning = operations.includes('prune');
    status.restic = resticStatus(status, { unlock: restic.unlock ?? '', pruning, now });
  }
  return result;
}

/** Returns the mover's operations, in order. */
function operationsOf({ owner, restic, status, now }: SourceScope): string[] {
  const unlock = restic.unlock ?? '';
  const reference = present({
    lastPruned: status.restic?.lastPruned,
    created: owner.metadata.creationTimestamp,
  });
  return [
    ...(unlock !== '' && unlock !== status.restic?.lastUnlocked ? ['unlock'] : []),
    'backup',
    ...(isPruneDue(restic, reference, now) ? ['prune'] : []),
  ];
}

/** `lastPruned` and `lastUnlocked` only mean that a Job with these operations succeeded. */
function resticStatus(
  status: ReplicationStatus,
  { unlock, pruning, now }: { unlock: string; pruning: boolean; now: number },
): NonNullable<ReplicationStatus['restic']> {
  const { lastUnlocked: _, ...rest } = status.restic ?? {};
  return {
    ...rest,
    ...(pruning ? { lastPruned: formatTime(now) } : {}),
    ...(unlock === '' ? {} : { lastUnlocked: unlock }),
  };
}
