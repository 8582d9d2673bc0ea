import { persistentVolumeClaims } from '../../../../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import type { ReplicationDestination, ResticDestinationSpec } from '../api.ts';
import { mustGet } from '../lookup.ts';
import type { Scope, SyncResult } from '../scope.ts';
import { ensureCache } from '../volumes/cache.ts';
import { ensureClaim } from '../volumes/ensure-claim.ts';
import { forgetImageName, restoredImage, supersedeImage } from '../volumes/image.ts';
import { ensureAccount } from './account.ts';
import { forgetOptions } from './forget-options.ts';
import { destinationName } from '../names.ts';
import { runJob } from './run-job.ts';

export type DestinationScope = Scope<ReplicationDestination, ResticDestinationSpec>;

/** Runs one pass through the steps of a restore, from the first. */
export async function synchronizeDestination(scope: DestinationScope): Promise<SyncResult> {
  const { restic, status } = scope;
  const data = await destinationClaim(scope);
  const cache = await ensureCache(scope, data, restic.cleanupCachePVC === true);
  const serviceAccount = await ensureAccount(scope);
  const result = await runJob(scope, {
    args: ['restore'],
    forgetOptions: forgetOptions(undefined),
    ...(restic.restoreAsOf === undefined ? {} : { restoreAsOf: restic.restoreAsOf }),
    ...(restic.previous === undefined ? {} : { previous: restic.previous }),
    restoreOptions: restic.enableFileDeletion === true ? '--delete' : '',
    data,
    cache,
    serviceAccount,
  });
  if (result !== 'done') return result;
  const image = await restoredImage(scope, data);
  if (image === undefined) return 'in-progress';
  await supersedeImage(scope, image);
  status.latestImage = image;
  return 'done';
}

/** Removes the annotation of a running restore from the volume. */
export async function cleanUpDestination(scope: DestinationScope): Promise<void> {
  await forgetImageName(scope, scope.restic.destinationPVC ?? destinationName(scope.owner.metadata.name));
}

/** Returns the user's claim, or creates one for this CR, which then needs a size and access modes. */
async function destinationClaim(scope: DestinationScope): Promise<PersistentVolumeClaim> {
  const { restic, owner } = scope;
  const chosen = restic.destinationPVC ?? '';
  if (chosen !== '') return mustGet(scope, persistentVolumeClaims, chosen);
  if (restic.accessModes === undefined)
    throw new Error('accessModes must be provided when destinationPVC is not');
  if (restic.capacity === undefined) throw new Error('capacity must be provided when destinationPVC is not');
  return ensureClaim(scope, {
    name: destinationName(owner.metadata.name),
    capacity: restic.capacity,
    accessModes: restic.accessModes,
    ...(restic.storageClassName === undefined ? {} : { storageClassName: restic.storageClassName }),
    temporary: restic.cleanupTempPVC === true,
  });
}
