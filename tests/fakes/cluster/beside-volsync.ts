import type { ClusterState, MoverRun } from './state.ts';
import { diskOf, tendJobs, type VerifyJob } from './verifier.ts';

/** The kubelet and a shell for the Jobs that do what VolSync does not: the look at a volume, and its root folder. */
export function tendBesideVolSync(state: ClusterState): void {
  tendJobs(state, '-survey', () => state.survey?.(NOTHING_LEFT_OUT) ?? NOTHING_LEFT_OUT);
  tendJobs(state, '-root', (job) => {
    const honest = giveRoot(state, job);
    return state.rootRestore?.(honest) ?? honest;
  });
}

const NOTHING_LEFT_OUT: MoverRun = {
  end: 'succeeded',
  lines: [
    JSON.stringify({ message_type: 'root', mode: '2770', uid: 999, gid: 999, mtime: 1767225600 }),
    JSON.stringify({ message_type: 'left out', sockets: 0, sealed: false, empty: 0, held: 0, first: '' }),
  ],
};

function giveRoot(state: ClusterState, job: VerifyJob): MoverRun {
  const [root = ''] = job.spec?.template?.spec?.containers?.[0]?.args ?? [];
  state.roots.set(diskOf(state, job), root);
  return { end: 'succeeded', lines: [JSON.stringify({ message_type: 'root restored', refused: '' })] };
}
