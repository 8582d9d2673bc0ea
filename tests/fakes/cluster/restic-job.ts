import { createHash } from 'node:crypto';
import { jobs, secrets } from '../../../api/kubernetes/core.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import { diskOf, type PodJob } from './mounts.ts';
import type { ClusterState, MoverRun, Repository } from './state.ts';
import { hasStarted, isOver, mustWait, startPod } from './verifier.ts';

/** Doubles the kubelet and restic for the Jobs of the Restic mover. Each Job has one pod, and the Job ends when its pod ends. */
export function simulateResticJobs(state: ClusterState): void {
  for (const job of state.list(jobs) as PodJob[]) {
    const { name, namespace = '', deletionTimestamp } = job.metadata;
    const kind = kindOf(job);
    if (kind === undefined || deletionTimestamp !== undefined || isOver(job)) continue;
    const key = { namespace, name: `${name}-pod` };
    if (hasStarted(state, key) || mustWait(state, job)) continue;
    const task = { kind, name, attempt: 1, unlock: false };
    const run = state.script?.(task) ?? work(state, job, kind);
    state.started.push(task);
    startPod(state, job, run, run.end !== 'running');
    if (run.end === 'running') continue;
    state.kube.edit(jobs, keyOf(job), (object) => {
      object.status = run.end === 'succeeded' ? { succeeded: 1 } : { failed: 1 };
    });
  }
}

/** Derives the kind from the command line of the shell. */
function kindOf({ spec }: PodJob): 'backup' | 'restore' | undefined {
  const [container] = spec?.template?.spec?.containers ?? [];
  const { command = [], args = [] } = container ?? {};
  const script = command.join('\n');
  if (script.includes('backup --json')) return 'backup';
  // This Job works on what VolSync has restored; see beside-volsync.ts.
  if (args.includes('--overwrite=if-changed')) return undefined;
  return script.includes('--target . --sparse') ? 'restore' : undefined;
}

function work(state: ClusterState, job: PodJob, kind: 'backup' | 'restore'): MoverRun {
  const { namespace } = state;
  const secret = state.get(secrets, { namespace, name: job.metadata.name });
  const read = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
  const url = read('RESTIC_REPOSITORY');
  const known = state.repositories.get(url);
  if (known !== undefined && known.password !== read('RESTIC_PASSWORD'))
    return failed(12, 'Fatal: wrong password or no key found');
  const [first = ''] = job.spec?.template?.spec?.containers?.[0]?.args ?? [];
  const disk = diskOf(state, job);
  if (kind === 'restore') return restore(state, known, first, disk);
  const content = state.disks.get(disk) ?? '';
  if (content === '') return said({ message_type: 'empty' });
  const repository = known ?? { password: read('RESTIC_PASSWORD'), snapshots: [] };
  state.repositories.set(url, repository);
  return save(state, repository, first, content);
}

/** Saves a snapshot whose id contains the tag, so that a repeated request finds the snapshot that it saved. */
function save(state: ClusterState, { snapshots }: Repository, tag: string, content: string): MoverRun {
  const id = createHash('sha256').update(tag).digest('hex');
  const time = new Date(state.clock.now()).toISOString();
  const sizes = { total_files_processed: 3, total_bytes_processed: content.length, backup_end: time };
  if (snapshots.some((one) => one.id === id)) return said([{ id, time, summary: sizes }]);
  snapshots.push({ id, at: state.clock.now(), content });
  return said({ message_type: 'summary', ...sizes, data_added: 1536, snapshot_id: id });
}

function restore(
  state: ClusterState,
  repository: Repository | undefined,
  id: string,
  disk: string,
): MoverRun {
  if (repository === undefined) return failed(10, 'Fatal: repository does not exist');
  const snapshot = repository.snapshots.find((one) => one.id.startsWith(id));
  if (snapshot === undefined)
    return failed(1, `Fatal: failed to find snapshot: no matching ID found for "${id}"`);
  state.disks.set(disk, snapshot.content);
  const bytes = snapshot.content.length;
  return said({
    message_type: 'summary',
    total_files: 3,
    files_restored: 3,
    total_bytes: bytes,
    bytes_restored: bytes,
  });
}

function said(line: object): MoverRun {
  return { end: 'succeeded', lines: [JSON.stringify(line)] };
}

function failed(exitCode: number, line: string): MoverRun {
  return { end: 'failed', exitCode, lines: [line] };
}
