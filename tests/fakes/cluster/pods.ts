import { jobs, pods, type Job, type Pod } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf, type Key } from '../../../api/kubernetes/meta.ts';
import type { PodLogOptions } from '../../../kube/client/kube-client.ts';
import { KubeError } from '../../../kube/client/kube-error.ts';
import { volumeOf } from './mounts.ts';
import { runRestic } from './restic.ts';
import { timeOf, type ClusterState, type MoverRun, type MoverTask, type PodOutput } from './state.ts';

/** What the pods of a Job do. */
export interface Work {
  kind: MoverTask['kind'];
  name: string;
  dataClaim: string;
  unlock: boolean;
}

const BACKOFF_LIMIT = 8;

/** Doubles the Job controller, the scheduler and the kubelet for mover pods. */
export function simulatePods(state: ClusterState, job: Job, work: Work): void {
  const mine = state.list(pods).filter((pod) => pod.metadata.labels?.['job-name'] === job.metadata.name);
  const last = mine.sort((a, b) => attemptOf(a) - attemptOf(b)).at(-1);
  switch (last?.status?.phase) {
    case undefined:
      makePod(state, job, work, 1);
      return;
    case 'Pending':
      start(state, last, { ...work, attempt: attemptOf(last) });
      return;
    case 'Running':
      end(state, last, job);
      return;
    case 'Failed':
      retry(state, last, job, work);
      return;
    default:
      return;
  }
}

/** The run of each pod, by `namespace/name`, per cluster. */
const runs = new WeakMap<ClusterState, Map<string, MoverRun>>();

function runsOf(state: ClusterState): Map<string, MoverRun> {
  const known = runs.get(state) ?? new Map<string, MoverRun>();
  runs.set(state, known);
  return known;
}

/** Ends the run of the newest pod of a transfer that was left running. */
export function endRun(state: ClusterState, transfer: string, run: MoverRun): void {
  for (const [id, known] of runsOf(state)) {
    if (known.end !== 'running' || !id.includes(transfer)) continue;
    runsOf(state).set(id, run);
    print(outputOf(state, id), run.lines);
  }
}

/** Makes the running pod of a transfer print a line. */
export function writeLog(state: ClusterState, transfer: string, line: string): void {
  for (const [id, known] of runsOf(state))
    if (known.end === 'running' && id.includes(transfer)) print(outputOf(state, id), [line]);
}

/** Returns what the kubelet answers for the log of a pod. */
export async function* readLog(
  state: ClusterState,
  key: Key,
  { follow = false, signal }: PodLogOptions,
): AsyncGenerator<string> {
  const output = state.logs.get(formatKey(key));
  if (output === undefined || state.get(pods, key) === undefined)
    throw new KubeError({ code: 404, reason: 'NotFound', message: `pods "${key.name}" not found` });
  for (let read = 0; ; read++) {
    while (read >= output.lines.length && follow && !output.ended) await nextChange(output, signal);
    const line = output.lines[read];
    if (line === undefined) return;
    yield line;
  }
}

/** Ends the log of a deleted pod, as the kubelet does. */
export function endLog(state: ClusterState, key: Key): void {
  const output = state.logs.get(formatKey(key));
  if (output === undefined) return;
  output.ended = true;
  print(output, []);
}

function nextChange(output: PodOutput, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error);
    const onChange = (): void => {
      output.listeners.delete(onChange);
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    output.listeners.add(onChange);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function makePod(state: ClusterState, job: Job, { dataClaim }: Work, attempt: number): void {
  const { apiVersion, kind, metadata } = job;
  // An earlier Job of this name had pods with the same names.
  state.logs.delete(`${state.namespace}/${metadata.name}-${String(attempt)}`);
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: state.namespace,
      name: `${metadata.name}-${String(attempt)}`,
      labels: { 'app.kubernetes.io/created-by': 'volsync', 'job-name': metadata.name },
      annotations: { attempt: String(attempt) },
      ownerReferences: [
        { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', blockOwnerDeletion: true },
      ],
    },
    spec: {
      containers: [{ name: 'restic' }],
      volumes: [dataClaim, `${metadata.name}-cache`].map((claimName) => ({
        name: claimName,
        persistentVolumeClaim: { claimName },
      })),
    },
    status: { phase: 'Pending' },
  };
  state.kube.seed(pods, pod, 'job-controller');
}

function start(state: ClusterState, pod: Pod, task: MoverTask): void {
  const { kube, namespace, clock } = state;
  const id = `${namespace}/${pod.metadata.name}`;
  const claims = (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim ?? []);
  if (!claims.every(({ claimName }) => volumeOf(state, claimName) !== undefined)) return;
  const { kind, name, attempt, unlock } = task;
  const planned = state.script?.({ kind, name, attempt, unlock });
  if (planned?.end === 'unscheduled') {
    kube.edit(pods, keyOf(pod), (object) => {
      const message = '0/1 nodes are available: 1 Insufficient memory.';
      object.status = {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      };
    });
    return;
  }
  state.started.push(task);
  const run = planned ?? runRestic(state, task);
  runsOf(state).set(id, run);
  print(outputOf(state, id), run.lines);
  kube.edit(pods, keyOf(pod), (object) => {
    const running = { startedAt: timeOf(clock) };
    object.status = { phase: 'Running', containerStatuses: [{ name: 'restic', state: { running } }] };
  });
}

function end(state: ClusterState, pod: Pod, job: Job): void {
  const { kube, namespace, clock } = state;
  const id = `${namespace}/${pod.metadata.name}`;
  const run = runsOf(state).get(id);
  if (run === undefined || run.end === 'running') return;
  const succeeded = run.end === 'succeeded';
  const output = outputOf(state, id);
  output.ended = true;
  print(output, []);
  kube.edit(pods, keyOf(pod), (object) => {
    const terminated = {
      exitCode: succeeded ? 0 : (run.exitCode ?? 1),
      finishedAt: timeOf(clock),
      ...(run.reason !== undefined && { reason: run.reason }),
    };
    object.status = {
      phase: succeeded ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'restic', state: { terminated } }],
    };
  });
  kube.edit(jobs, keyOf(job), (object) => {
    object.status = succeeded
      ? { ...object.status, succeeded: 1 }
      : { ...object.status, failed: (object.status?.failed ?? 0) + 1 };
  });
}

/** Retries as the Job controller does: after 10 s, 20 s, 40 s, …, or at another base interval. */
function retry(state: ClusterState, pod: Pod, job: Job, work: Work): void {
  const failures = job.status?.failed ?? 0;
  if (failures >= BACKOFF_LIMIT) return;
  const finishedAt = pod.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? '';
  const dueAt = Date.parse(finishedAt) + state.backoffMs * 2 ** (failures - 1);
  const left = dueAt - state.clock.now();
  if (left > 0) state.wakeAfter(left);
  else makePod(state, job, work, attemptOf(pod) + 1);
}

function attemptOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.['attempt'] ?? '0');
}

function outputOf(state: ClusterState, id: string): PodOutput {
  const known = state.logs.get(id) ?? { lines: [], ended: false, listeners: new Set() };
  state.logs.set(id, known);
  return known;
}

function print(output: PodOutput, lines: readonly string[]): void {
  output.lines.push(...lines);
  for (const listener of output.listeners) listener();
}
