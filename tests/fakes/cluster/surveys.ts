import type { ClusterState, MoverRun } from './state.ts';
import { diskOf, type PodJob } from './mounts.ts';
import { simulateJobs } from './verifier.ts';

/**
 * Doubles the kubelet and restic for the Jobs that do what VolSync cannot: the survey of a volume, and the settings that its
 * mover cannot restore.
 */
export function simulateSurveys(state: ClusterState): void {
  simulateJobs(state, '-survey', () => state.survey?.(NOTHING_LEFT_OUT) ?? NOTHING_LEFT_OUT);
  simulateJobs(state, '-metadata', (job) => {
    const honest = setMetadata(state, job);
    return state.metadataRestore?.(honest) ?? honest;
  });
}

const NOTHING_LEFT_OUT: MoverRun = {
  end: 'succeeded',
  lines: [
    JSON.stringify({ message_type: 'root', mode: '2770', uid: 999, gid: 999, mtime: 1767225600 }),
    JSON.stringify({ message_type: 'left out', sockets: 0, sealed: false, empty: 0, held: 0, first: '' }),
  ],
};

function setMetadata(state: ClusterState, job: PodJob): MoverRun {
  const [, root = ''] = job.spec?.template?.spec?.containers?.[0]?.args ?? [];
  const said: object[] = [{ message_type: 'summary', files_skipped: 3, bytes_skipped: 8 }];
  if (root !== '') {
    state.roots.set(diskOf(state, job), root);
    said.push({ message_type: 'root restored', refused: '' });
  }
  return { end: 'succeeded', lines: said.map((line) => JSON.stringify(line)) };
}
