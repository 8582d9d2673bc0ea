import { jobs, pods, secrets, type Job } from '../../api/external/core.ts';
import { volumeSnapshotContents, type VolumeSnapshotContent } from '../../api/external/snapshot.ts';
import { keyOf, type Kind, type Resource } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { systemClock } from '../../kube/runtime/clock.ts';
import { endLog } from '../fakes/cluster/pods.ts';
import { dropSnapshot, tendSnapshots } from '../fakes/cluster/snapshots.ts';
import { emptyState, type ClusterState, type Duty } from '../fakes/cluster/state.ts';
import { tendStorage } from '../fakes/cluster/storage.ts';
import { tendVerifications } from '../fakes/cluster/verifier.ts';
import { tendVolSync } from '../fakes/cluster/volsync.ts';
import { LiveDesk } from './desk.ts';
import type { Feed } from './relay.ts';

/** What the real controllers of Kubernetes do here. */
const DONE_BY_KUBERNETES: ReadonlySet<Duty> = new Set([
  'bind',
  'release claims',
  'release volumes',
  'collect',
]);

/** CSI driver, snapshot controller, VolSync, its pods and restic, at work on a real API server. */
export interface Actors {
  readonly state: ClusterState;
  /** The first thing that went wrong with them: a fault of the test itself. */
  problem(): unknown;
  stop(): Promise<void>;
}

export function startActors(client: KubeClient, feed: Feed, namespace: string): Actors {
  const desk = new LiveDesk(client, feed);
  let problem: unknown;
  let over = false;
  let due = false;
  let looking: Promise<void> | undefined;

  const state: ClusterState = {
    kube: desk,
    list: (kind) => desk.list(kind),
    get: (kind, key) => desk.get(kind, key),
    clock: systemClock,
    namespace,
    driver: DRIVER,
    held: { has: (duty) => DONE_BY_KUBERNETES.has(duty) },
    ...emptyState(),
    wakeAfter: (ms) => void systemClock.after(ms, wake),
  };

  async function look(): Promise<void> {
    while (due && !over) {
      due = false;
      tendSnapshots(state);
      tendStorage(state);
      tendVolSync(state);
      tendUpkeep(state);
      tendVerifications(state);
      await desk.flush();
    }
  }

  function wake(): void {
    due = true;
    looking ??= new Promise<void>((resolve) => void setImmediate(resolve))
      .then(look)
      .catch((error: unknown) => {
        problem ??= error;
        over = true;
      })
      .finally(() => {
        looking = undefined;
        if (due && !over) wake();
      });
  }

  feed.listeners.add(({ kind, before, after }) => {
    if (kind === (volumeSnapshotContents as Kind<Resource>) && before !== undefined && after === undefined)
      dropSnapshot(state, before as VolumeSnapshotContent);
    if (kind === (pods as Kind<Resource>) && before !== undefined && after === undefined)
      endLog(state, keyOf(before));
    wake();
  });

  return {
    state,
    problem: () => problem,
    async stop() {
      over = true;
      await looking;
    },
  };
}

export const DRIVER = 'csi.example.com';

type ResticJob = Job & {
  spec?: { template?: { spec?: { containers?: { command?: string[]; args?: string[] }[] } } };
};

/** The kubelet and restic for the Jobs that remove a snapshot or prune a repository. */
function tendUpkeep(state: ClusterState): void {
  for (const job of state.list(jobs) as ResticJob[]) {
    const { command = [], args = [] } = job.spec?.template?.spec?.containers?.[0] ?? {};
    const words = [...command, ...args];
    const task = ['forget', 'prune'].find((word) => words.includes(word));
    if (task === undefined || (job.status?.succeeded ?? 0) > 0) continue;
    const secret = state.get(secrets, { namespace: state.namespace, name: job.metadata.name });
    if (secret === undefined) continue;
    const url = Buffer.from(secret.data?.['RESTIC_REPOSITORY'] ?? '', 'base64').toString();
    const repository = state.repositories.get(url);
    if (repository === undefined) throw new Error(`there is no repository ${url}`);
    const id = words.at(-1);
    state.started.push({ kind: 'backup', name: task, attempt: 1, unlock: false });
    if (task === 'forget')
      repository.snapshots = repository.snapshots.filter((snapshot) => snapshot.id !== id);
    state.kube.edit(jobs, keyOf(job), (object) => {
      object.status = { succeeded: 1 };
    });
  }
}
