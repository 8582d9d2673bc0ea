import { pods } from '../../../../../api/kubernetes/core.ts';
import type { Job, Pod } from '../../../../../api/kubernetes/core.ts';
import { keyOf } from '../../../../../api/kubernetes/meta.ts';
import { collect, listLabelled } from '../lookup.ts';
import type { MoverStatus } from '../api.ts';
import type { Scope } from '../scope.ts';
import { isKeptLine, tailOf } from './log-filter.ts';

/** Returns `latestMoverStatus`. Logs that cannot be read are omitted; the result is still valid. */
export async function moverStatus(
  scope: Scope,
  job: Job,
  result: NonNullable<MoverStatus['result']>,
): Promise<MoverStatus> {
  if (scope.injection.noLogs) return { result };
  try {
    const logs = await readLogs(scope, job, result);
    return logs === undefined ? { result } : { result, logs };
  } catch (error) {
    scope.log.warn({ err: error, job: job.metadata.name }, 'mover logs not read');
    return { result };
  }
}

async function readLogs(scope: Scope, job: Job, result: MoverStatus['result']): Promise<string | undefined> {
  const all = await listLabelled(scope, pods, `job-name=${job.metadata.name}`);
  const succeeded = result === 'Successful';
  const pod = succeeded ? newest(all, 'Succeeded') : (newest(all, 'Failed') ?? newest(all, 'Running'));
  if (pod === undefined) return undefined;
  const lines = await collect(scope.client.podLog(keyOf(pod), { signal: scope.signal }));
  return tailOf(succeeded ? lines.filter(isKeptLine) : lines, scope.settings.logMaxBytes);
}

function newest(all: readonly Pod[], phase: NonNullable<Pod['status']>['phase']): Pod | undefined {
  return all
    .filter(({ status }) => status?.phase === phase)
    .sort((a, b) =>
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
    )[0];
}
