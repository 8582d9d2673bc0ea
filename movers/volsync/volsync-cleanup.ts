import { secrets } from '../../api/kubernetes/core.ts';
import { nameOf } from '../../kube/runtime/deleter.ts';
import { requestUidOf } from '../../lifecycle/request/child-identity.ts';
import type { MoverTarget } from '../mover.ts';
import { removalOf } from '../restic-repository/maintenance/removal.ts';
import { hasEnded, detachFromVolSync } from './detach.ts';
import type { VolSync } from './dependencies.ts';
import { METADATA } from './metadata-restore.ts';
import { SURVEY } from './survey.ts';
import { claimsOf, jobNameOf, podsOf, transferOf, usesResticOnly } from './transfer.ts';

type Request = MoverTarget & { signal: AbortSignal };

/** Deletes what was created for a request. Returns the names of what remains. */
export async function cleanUp(volSync: VolSync, request: Request): Promise<string[]> {
  if (usesResticOnly(request)) {
    const runs = request.kind === 'prune' ? [request, removalOf(request)] : [request];
    return (await Promise.all(runs.map((run) => volSync.resticRunner.cleanup(run)))).flat();
  }
  const objects = await removeTransfer(volSync, request);
  const remaining = [
    ...objects,
    ...remainingOfVolSync(volSync, request),
    ...(await remainingOfJobs(volSync, request)),
    ...unreadLogsOf(volSync, request),
  ];
  volSync.limits.forget(request.name);
  if (remaining.length === 0) volSync.podLogs.drop(jobNameOf(request));
  return remaining;
}

function removeTransfer(volSync: VolSync, request: Request): Promise<string[]> {
  const { namespace, client, cleaner } = volSync;
  const { name, signal } = request;
  const key = { namespace, name };
  const transfer = { ...transferOf(volSync, request), key };
  const isOver = hasEnded(name, transfer.cached?.status);
  // Foreground: VolSync's Job, pod and cache claim are deleted before the object that owns them.
  return cleaner.remove(
    requestUidOf(request),
    [
      {
        ...transfer,
        propagationPolicy: 'Foreground',
        ...(!isOver && { prepare: (within) => detachFromVolSync(client, transfer, within) }),
      },
      { kind: secrets, key, cached: undefined },
    ],
    signal,
  );
}

function remainingOfVolSync(volSync: VolSync, request: Request): string[] {
  const { namespace, listers } = volSync;
  const claims = claimsOf(request).map((claim) => listers.claims.get(`${namespace}/${claim}`));
  const found = [...podsOf(volSync, request), ...claims.filter((claim) => claim !== undefined)];
  return found.map(nameOf);
}

async function remainingOfJobs({ resticRunner, verifier }: VolSync, request: Request): Promise<string[]> {
  return [
    ...resticRunner.remains(request),
    ...resticRunner.remains(request, METADATA),
    ...verifier.remains(request),
    ...(request.kind === 'backup' ? await resticRunner.remove(request, SURVEY) : []),
  ];
}

/** Logs that the cleanup waits for: they name snapshots that a backup saved just before it was stopped. */
function unreadLogsOf({ podLogs }: VolSync, request: MoverTarget): string[] {
  const job = jobNameOf(request);
  const isRead = podLogs.ofJob(job).every(({ complete }) => complete);
  return request.kind !== 'backup' || isRead ? [] : [`the log of Job ${job}`];
}
