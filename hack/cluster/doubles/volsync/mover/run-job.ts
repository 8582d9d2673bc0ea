import { configMaps, jobs, persistentVolumeClaims, secrets } from '../../../../../api/kubernetes/core.ts';
import type { Job, PersistentVolumeClaim } from '../../../../../api/kubernetes/core.ts';
import { keyOf } from '../../../../../api/kubernetes/meta.ts';
import { isInvalid } from '../../../../../kube/client/kube-error.ts';
import { DEBUG_MOVER } from '../keys.ts';
import { mustGet } from '../lookup.ts';
import type { Scope, SyncResult } from '../scope.ts';
import { moverEnvironment } from './environment.ts';
import { desiredJob } from './job.ts';
import type { JobInput, MoverJob } from './job.ts';
import { moverStatus } from './mover-logs.ts';
import { checkFields } from './restic-secret.ts';

/** The differences between a backup and a restore. */
export interface MoverRun {
  args: readonly string[];
  forgetOptions: string;
  restoreAsOf?: string;
  previous?: number;
  restoreOptions: string;
  data: PersistentVolumeClaim;
  cache: PersistentVolumeClaim;
  serviceAccount: string;
  placement?: JobInput['placement'];
}

/** Checks the mover's requirements, then performs the next step of its Job. */
export async function runJob(scope: Scope, run: MoverRun): Promise<SyncResult> {
  const { owner, restic, settings, privileged } = scope;
  const secretName = restic.repository ?? '';
  const secret = await mustGet(scope, secrets, secretName);
  checkFields(secret.data ?? {});
  const secretKeys = Object.keys(secret.data ?? {});
  const customCA = await checkCustomCA(scope);
  await checkMoverVolumes(scope);
  const env = moverEnvironment({
    ...run,
    secretName,
    secretKeys,
    processEnv: process.env,
    debug: DEBUG_MOVER in (owner.metadata.annotations ?? {}),
    customCA,
    privileged,
  });
  const { accessModes = [] } = run.data.spec;
  const desired = desiredJob({
    owner,
    restic,
    image: settings.moverImage,
    args: run.args,
    env,
    secretName,
    secretKeys,
    serviceAccount: run.serviceAccount,
    dataClaim: run.data.metadata.name,
    dataReadOnly: accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadOnlyMany'),
    cacheClaim: run.cache.metadata.name,
    privileged,
    failureLimit: settings.failureLimit,
    ...(run.placement === undefined ? {} : { placement: run.placement }),
  });
  return observe(scope, await applyJob(scope, desired));
}

/** Ensures the Job. Its template is immutable: a Job with a different one is deleted, and the next pass creates it again. */
async function applyJob({ client, signal }: Scope, desired: MoverJob): Promise<Job> {
  const key = keyOf(desired);
  const existing = await client.get(jobs, key, { signal });
  try {
    return await client.apply(jobs, desired, { signal });
  } catch (error) {
    if (existing === undefined || !isInvalid(error)) throw error;
    await client.delete(jobs, key, { propagationPolicy: 'Background', signal });
    // Omits the cause, which contains the whole template as the API server prints it.
    throw new Error('unable to update object. Deleting object so it can be recreated');
  }
}

async function observe(scope: Scope, job: Job): Promise<SyncResult> {
  const { failed = 0, succeeded = 0 } = job.status ?? {};
  if (failed >= scope.settings.failureLimit) {
    scope.status.latestMoverStatus = await moverStatus(scope, job, 'Failed');
    await scope.client.delete(jobs, keyOf(job), { propagationPolicy: 'Background', signal: scope.signal });
    return 'in-progress';
  }
  if (succeeded === 0) return 'in-progress';
  scope.status.latestMoverStatus = await moverStatus(scope, job, 'Successful');
  return 'done';
}

async function checkCustomCA(scope: Scope): Promise<boolean> {
  const { key = '', secretName = '', configMapName = '' } = scope.restic.customCA ?? {};
  if (key === '' || (secretName === '' && configMapName === '')) return false;
  const { data = {} } =
    secretName === ''
      ? await mustGet(scope, configMaps, configMapName)
      : await mustGet(scope, secrets, secretName);
  checkFields(data, [key]);
  return true;
}

async function checkMoverVolumes(scope: Scope): Promise<void> {
  for (const { volumeSource } of scope.restic.moverVolumes ?? []) {
    if (volumeSource.secret?.secretName !== undefined)
      await mustGet(scope, secrets, volumeSource.secret.secretName);
    const claim = volumeSource.persistentVolumeClaim?.claimName;
    if (claim !== undefined) await mustGet(scope, persistentVolumeClaims, claim);
  }
}
