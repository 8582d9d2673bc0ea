import { createHash } from 'node:crypto';
import { persistentVolumeClaims, persistentVolumes, secrets } from '../../../api/kubernetes/core.ts';
import { replicationDestinations, replicationSources } from '../../../api/volsync/v1alpha1.ts';
import type { ClusterState, MoverRun, MoverTask, Repository } from './state.ts';

/** Does what VolSync's restic mover does, including its false successes. */
export function runRestic(state: ClusterState, task: MoverTask): MoverRun {
  return task.kind === 'backup' ? backUp(state, task.name) : restore(state, task.name);
}

function backUp(state: ClusterState, name: string): MoverRun {
  const source = state.get(replicationSources, { namespace: state.namespace, name });
  const content = state.disks.get(handleOf(state, source?.spec.sourcePVC ?? '')) ?? '';
  if (content === '') return succeeded('== Directory is empty skipping backup ===');
  const repository = openRepository(state, source?.spec.restic?.repository ?? '');
  if (repository === undefined) return wrongPassword();
  const at = state.clock.now();
  const id = createHash('sha256')
    .update(`${name} ${String(repository.snapshots.length)}`)
    .digest('hex')
    .slice(0, 8);
  repository.snapshots.push({ id, at, content });
  return succeeded(
    'Added to the repository: 1.500 KiB (1.200 KiB stored)',
    `processed 3 files, ${String(content.length)} B in 0:00`,
    `snapshot ${id} saved`,
    'Restic completed in 1s',
  );
}

function restore(state: ClusterState, name: string): MoverRun {
  const destination = state.get(replicationDestinations, { namespace: state.namespace, name });
  const { repository: secret = '', destinationPVC = '', restoreAsOf } = destination?.spec.restic ?? {};
  const repository = openRepository(state, secret);
  if (repository === undefined) return wrongPassword();
  const latest = restoreAsOf === undefined ? Infinity : Date.parse(restoreAsOf);
  const chosen = repository.snapshots.filter(({ at }) => Math.floor(at / 1000) * 1000 <= latest).at(-1);
  if (chosen === undefined)
    return succeeded('No eligible snapshots found', '=== No data will be restored ===');
  state.disks.set(handleOf(state, destinationPVC), chosen.content);
  return succeeded(
    `restoring snapshot ${chosen.id} of [/data] at 2026-01-01 00:00:00 by @volsync to .`,
    `Summary: Restored 3 files/dirs (${String(chosen.content.length)} B) in 0:00`,
    'Restic completed in 1s',
  );
}

/** Creates the repository if it does not exist. Returns `undefined` if the password does not match. */
function openRepository(state: ClusterState, secretName: string): Repository | undefined {
  const secret = state.get(secrets, { namespace: state.namespace, name: secretName });
  const read = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
  const url = read('RESTIC_REPOSITORY');
  const password = read('RESTIC_PASSWORD');
  const repository = state.repositories.get(url) ?? { password, snapshots: [] };
  state.repositories.set(url, repository);
  return repository.password === password ? repository : undefined;
}

function handleOf(state: ClusterState, claimName: string): string {
  const { namespace } = state;
  const claim = state.get(persistentVolumeClaims, { namespace, name: claimName });
  const volume = state.get(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
  return volume?.spec.csi?.volumeHandle ?? '';
}

function succeeded(...lines: string[]): MoverRun {
  return { end: 'succeeded', lines: ['Starting container', ...lines, '=== Done ==='] };
}

function wrongPassword(): MoverRun {
  return {
    end: 'failed',
    exitCode: 3,
    lines: ['Starting container', 'ERROR: failure connecting to repository, incorrect password'],
  };
}
