import { jobs, pods, secrets, type Job, type Pod } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf, type Key } from '../../../api/kubernetes/meta.ts';
import { canStart, diskOf, mountsOf, type PodJob } from './mounts.ts';
import type { ClusterState, MoverRun, ResticSnapshot } from './state.ts';

/** Doubles the kubelet and restic for the Jobs that verify a transfer. */
export function simulateVerifications(state: ClusterState): void {
  simulateJobs(state, '-verify', (job) => {
    const honest = lookAt(state, job);
    return state.verification?.(honest) ?? honest;
  });
}

/** Doubles the kubelet for Jobs whose names end with `suffix`. Each Job has one pod, and the Job ends when its pod ends. */
export function simulateJobs(state: ClusterState, suffix: string, work: (job: PodJob) => MoverRun): void {
  for (const job of state.list(jobs) as PodJob[]) {
    const { name, namespace = '', deletionTimestamp } = job.metadata;
    const key = { namespace, name: `${name}-pod` };
    if (!name.endsWith(suffix) || deletionTimestamp !== undefined || isOver(job)) continue;
    const isStarted = hasStarted(state, key);
    if (!isStarted && mustWait(state, job)) continue;
    const run = work(job);
    if (!isStarted) startPod(state, job, run, run.end in ENDS);
    if (!(run.end in ENDS)) continue;
    state.kube.edit(jobs, keyOf(job), (object) => {
      object.status = run.end === 'succeeded' ? { succeeded: 1 } : { failed: 3 };
    });
  }
}

/** Returns true if the pod exists and its containers were started. */
export function hasStarted(state: ClusterState, key: Key): boolean {
  return state.get(pods, key) !== undefined && state.logs.has(formatKey(key));
}

/**
 * Returns true if the pod of a Job cannot start yet, and ensures that it exists and waits: a volume that waits for its first
 * consumer is provisioned for it.
 */
export function mustWait(state: ClusterState, job: PodJob): boolean {
  if (canStart(state, job)) return false;
  const pod = podOf(job, { end: 'unscheduled', lines: [] });
  if (state.get(pods, keyOf(pod)) !== undefined) return true;
  // An earlier Job of this name had a pod with the same name.
  state.logs.delete(formatKey(keyOf(pod)));
  state.kube.seed(pods, pod, 'job-controller');
  return true;
}

/** Starts the pod of a Job, which prints the lines of the run. */
export function startPod(state: ClusterState, job: PodJob, run: MoverRun, ended: boolean): void {
  const pod = podOf(job, run);
  state.logs.set(formatKey(keyOf(pod)), { lines: run.lines, ended, listeners: new Set() });
  if (state.get(pods, keyOf(pod)) === undefined) state.kube.seed(pods, pod, 'job-controller');
  else
    state.kube.edit(pods, keyOf(pod), (object) => {
      object.status = pod.status ?? {};
    });
}

export function isOver({ status: { succeeded = 0, failed = 0 } = {} }: Job): boolean {
  return succeeded + failed > 0;
}

export function podOf(job: PodJob, { end, exitCode = 1 }: MoverRun): Pod {
  const { apiVersion, kind, metadata } = job;
  const { name, namespace = '', uid = '', labels } = metadata;
  const terminated = { exitCode: end === 'succeeded' ? 0 : exitCode };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name: `${name}-pod`,
      labels: { ...labels, 'job-name': name },
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    spec: {
      containers: [{ name: 'restic' }],
      volumes: mountsOf(job).filter(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined),
    },
    status: {
      phase: PHASES[end],
      ...(end !== 'unscheduled' && {
        containerStatuses: [{ name: 'restic', state: end === 'running' ? { running: {} } : { terminated } }],
      }),
    },
  };
}

const ENDS = { succeeded: true, failed: true };

const PHASES = {
  succeeded: 'Succeeded',
  failed: 'Failed',
  running: 'Running',
  unscheduled: 'Pending',
} as const;

/** Returns what our script would print: the snapshot, and where the volume differs from it. */
function lookAt(state: ClusterState, job: PodJob): MoverRun {
  const { namespace } = state;
  const [id = ''] = job.spec?.template?.spec?.containers?.[0]?.args ?? [];
  const secret = state.get(secrets, { namespace, name: job.metadata.name.replace(/-verify$/, '') });
  const url = Buffer.from(secret?.data?.['RESTIC_REPOSITORY'] ?? '', 'base64').toString();
  const snapshot = state.repositories.get(url)?.snapshots.find((one) => one.id === id);
  if (snapshot === undefined)
    return { end: 'failed', lines: [`Fatal: no matching ID found for prefix "${id}"`] };
  const disk = diskOf(state, job);
  return {
    end: 'succeeded',
    lines: [...describe(snapshot), ...(disk === '' ? [] : compare(state, snapshot, disk))],
  };
}

function describe({ id, at, content }: ResticSnapshot): string[] {
  const size = content.length;
  const snapshot = {
    id,
    time: new Date(at).toISOString(),
    hostname: 'volsync',
    paths: ['/data'],
    summary: { total_files_processed: 3, total_bytes_processed: size },
  };
  return [JSON.stringify([snapshot]), JSON.stringify({ total_size: size, total_file_count: 3 })];
}

function compare(state: ClusterState, { content }: ResticSnapshot, disk: string): string[] {
  const isSame = state.disks.get(disk) === content;
  const change = { message_type: 'verbose_status', action: 'updated', item: '/precious/file', size: 1 };
  const summary = { message_type: 'summary', files_restored: 1, files_skipped: 2 };
  return [
    ...(isSame ? [] : [JSON.stringify(change)]),
    JSON.stringify(summary),
    JSON.stringify({ message_type: 'volume', entries: 3, absent: 0 }),
  ];
}
