import { secrets } from '../../api/kubernetes/core.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import { isNotFound } from '../../kube/client/kube-error.ts';
import type { MoverOutcome, MoverRequest, MoverTarget } from '../mover.ts';
import { waitForDeletion } from '../restic-repository/access/credential-rotation.ts';
import type { Access } from '../restic-repository/access/credentials.ts';
import { desiredSecret } from '../restic-repository/job/request-objects.ts';
import type { VolSyncConfig } from './config.ts';
import type { VolSync } from './dependencies.ts';
import { isInstalled, notInstalled } from './engine.ts';
import { survey, SURVEY, type Survey } from './survey.ts';
import { jobNameOf, podsOf } from './transfer.ts';

/** Creates everything that a transfer needs, in the order in which VolSync reads it. */
export async function startTransfer<T extends Resource>(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
  { kind, build }: { kind: Kind<T>; build: (access: Access) => T },
): Promise<MoverOutcome<never>> {
  const { namespace, creator, credentials, now } = volSync;
  const former = formerOf(volSync, request);
  if (former.length > 0) return waitForDeletion(...former);
  const found = await credentials.of(request);
  if ('state' in found) return found;
  await request.assertCurrent();
  await creator.createOnce(secrets, desiredSecret(request, namespace, found.data), request.signal);
  try {
    await creator.createOnce(kind, build(found), request.signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return notInstalled(kind.kind);
  }
  return {
    state: 'InProgress',
    started: false,
    message: 'waiting for VolSync to start the transfer',
    lastActivity: now().toISOString(),
  };
}

/** Surveys a volume before VolSync reads it. Fails if VolSync is not installed, before a Job is created. */
export async function surveyFirst(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
): Promise<MoverOutcome<Survey>> {
  const isBegun = volSync.resticRunner.jobOf(request, SURVEY) !== undefined;
  if (!isBegun && !(await isInstalled(volSync, request.signal))) return notInstalled(replicationSources.kind);
  return survey(volSync, request);
}

/** Returns what remains of an earlier transfer with that name. VolSync would use it for the new one. */
function formerOf(volSync: VolSync, request: MoverTarget): Resource[] {
  const { namespace, listers } = volSync;
  const job = listers.jobs.get(`${namespace}/${jobNameOf(request)}`);
  return [...podsOf(volSync, request), job].filter((object) => object !== undefined);
}
