import { jobs, persistentVolumeClaims, pods, secrets, type Job } from '../../../api/kubernetes/core.ts';
import {
  replicationDestinations,
  replicationSources,
  type ReplicationDestination,
  type ReplicationSource,
  type ReplicationStatus,
  type ResticVolumeOptions,
} from '../../../api/volsync/v1alpha1.ts';
import { keyOf, type Kind, type OwnerReference, type Resource } from '../../../api/kubernetes/meta.ts';
import { simulatePods } from './pods.ts';
import { timeOf, type ClusterState, type MoverTask } from './state.ts';

type Transfer = ReplicationSource | ReplicationDestination;

interface Sync {
  kind: MoverTask['kind'];
  resource: Kind<Transfer>;
  transfer: Transfer;
  options: ResticVolumeOptions & { unlock?: string };
  /** `volsync-src-<name>` or `volsync-dst-<name>`. */
  jobName: string;
  dataClaim: string;
}

/** Doubles VolSync's controller for manual triggers and copyMethod Direct: one action per step, each visible in the status. */
export function simulateVolSync(state: ClusterState): void {
  if (state.held.has('volsync')) return;
  for (const source of state.list(replicationSources)) {
    const { restic: options, sourcePVC } = source.spec;
    // Managed by another controller.
    if (options === undefined) continue;
    simulate(state, {
      kind: 'backup',
      resource: replicationSources,
      transfer: source,
      jobName: `volsync-src-${source.metadata.name}`,
      dataClaim: sourcePVC,
      options,
    });
  }
  for (const destination of state.list(replicationDestinations)) {
    const { restic: options } = destination.spec;
    if (options === undefined) continue;
    simulate(state, {
      kind: 'restore',
      resource: replicationDestinations,
      transfer: destination,
      jobName: `volsync-dst-${destination.metadata.name}`,
      dataClaim: options.destinationPVC,
      options,
    });
  }
}

function simulate(state: ClusterState, sync: Sync): void {
  const { status, spec, metadata } = sync.transfer;
  const error = state.volSyncErrors.get(metadata.name);
  if (status?.lastManualSync === spec.trigger.manual) cleanUp(state, sync);
  else if (status?.lastSyncStartTime === undefined) begin(state, sync);
  else if (error !== undefined) showError(state, sync, error);
  else synchronise(state, sync, status);
}

function missing(state: ClusterState, { options: { repository: name } }: Sync): string | undefined {
  const { namespace } = state;
  return state.get(secrets, { namespace, name }) === undefined ? `Secret "${name}" not found` : undefined;
}

function begin(state: ClusterState, sync: Sync): void {
  setStatus(state, sync, (status) => {
    status.lastSyncStartTime = timeOf(state.clock);
    status.latestMoverStatus = {};
    setCondition(state, status, 'True', 'SyncInProgress', 'Synchronization in-progress');
  });
}

function showError(state: ClusterState, sync: Sync, message: string): void {
  setStatus(state, sync, (status) => {
    setCondition(state, status, 'False', 'Error', message);
  });
}

/** Acts in VolSync's order, also for a transfer that is being deleted. */
function synchronise(state: ClusterState, sync: Sync, status: ReplicationStatus): void {
  const { namespace, kube } = state;
  ensureCache(state, sync);
  const error = missing(state, sync);
  if (error !== undefined) {
    showError(state, sync, error);
    return;
  }
  if (status.conditions?.[0]?.reason !== 'SyncInProgress') {
    setStatus(state, sync, (next) => {
      setCondition(state, next, 'True', 'SyncInProgress', 'Synchronization in-progress');
    });
  }
  const job = state.get(jobs, { namespace, name: sync.jobName });
  if (job === undefined) makeJob(state, sync);
  else if ((job.status?.succeeded ?? 0) > 0) finish(state, sync);
  else if (job.metadata.annotations?.[UNLOCK] !== unlockOf(sync))
    // The template of a Job is immutable, so the Job is deleted and created again.
    kube.remove(jobs, { namespace, name: sync.jobName });
  else
    simulatePods(state, job, {
      kind: sync.kind,
      name: sync.transfer.metadata.name,
      dataClaim: sync.dataClaim,
      unlock: unlockOf(sync) !== '',
    });
}

/** Where a Job of this double stores what the real one passes as an argument. */
const UNLOCK = 'unlock';

function unlockOf({ options: { unlock = '' } }: Sync): string {
  return unlock;
}

function ensureCache(state: ClusterState, sync: Sync): void {
  const { kube, namespace } = state;
  const name = `${sync.jobName}-cache`;
  if (state.get(persistentVolumeClaims, { namespace, name }) !== undefined) return;
  const { cacheCapacity = '1Gi', cacheStorageClassName, cacheAccessModes } = sync.options;
  kube.seed(
    persistentVolumeClaims,
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...made(namespace, name), ownerReferences: [ownerOf(sync)] },
      spec: {
        accessModes: cacheAccessModes ?? ['ReadWriteOnce'],
        resources: { requests: { storage: cacheCapacity } },
        ...(cacheStorageClassName !== undefined && { storageClassName: cacheStorageClassName }),
      },
    },
    'volsync',
  );
}

function makeJob({ kube, namespace }: ClusterState, sync: Sync): void {
  const metadata = {
    ...made(namespace, sync.jobName),
    annotations: { [UNLOCK]: unlockOf(sync) },
    ownerReferences: [ownerOf(sync)],
  };
  const job: Job = { apiVersion: 'batch/v1', kind: 'Job', metadata, status: { failed: 0 } };
  kube.seed(jobs, job, 'volsync');
}

/** Reports the tag that is in the spec at the end of the transfer. */
function finish(state: ClusterState, sync: Sync): void {
  const { namespace, losesLogs } = state;
  const logs = state
    .list(pods)
    .filter((pod) => pod.metadata.labels?.['job-name'] === sync.jobName && pod.status?.phase === 'Succeeded')
    .flatMap((pod) => state.logs.get(`${namespace}/${pod.metadata.name}`)?.lines ?? [])
    .join('\n')
    .slice(-1024);
  setStatus(state, sync, (status) => {
    status.lastManualSync = sync.transfer.spec.trigger.manual;
    status.lastSyncTime = timeOf(state.clock);
    delete status.lastSyncStartTime;
    status.latestMoverStatus = { result: 'Successful', ...(!losesLogs && { logs }) };
    setCondition(state, status, 'False', 'CleaningUp', 'Cleaning up');
  });
}

/** Deletes the Job, after success was reported. */
function cleanUp(state: ClusterState, sync: Sync): void {
  const { kube, namespace } = state;
  kube.remove(jobs, { namespace, name: sync.jobName });
  setStatus(state, sync, (status) => {
    setCondition(state, status, 'False', 'WaitingForManual', 'Waiting for manual trigger');
  });
}

function setStatus(
  state: ClusterState,
  { resource, transfer }: Sync,
  change: (s: ReplicationStatus) => void,
) {
  if (state.get(resource, keyOf(transfer)) === undefined) return;
  state.kube.edit(resource, keyOf(transfer), (object) => {
    object.status ??= {};
    change(object.status);
  });
}

function setCondition(
  state: ClusterState,
  status: ReplicationStatus,
  value: 'True' | 'False',
  reason: string,
  message: string,
): void {
  const before = status.conditions?.[0];
  const lastTransitionTime = before?.status === value ? before.lastTransitionTime : timeOf(state.clock);
  status.conditions = [{ type: 'Synchronizing', status: value, reason, message, lastTransitionTime }];
}

function made(namespace: string, name: string): Resource['metadata'] {
  return { namespace, name, labels: { 'app.kubernetes.io/created-by': 'volsync' } };
}

function ownerOf({ transfer: { apiVersion, kind, metadata } }: Sync): OwnerReference {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
