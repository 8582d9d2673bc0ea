import { jobs, pods, secrets, type Job, type Secret } from '../../api/kubernetes/core.ts';
import { volumeSnapshotContents, type VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import { formatKey, keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { systemClock } from '../../kube/runtime/clock.ts';
import type { PodJob } from '../fakes/cluster/mounts.ts';
import { endLog } from '../fakes/cluster/pods.ts';
import { dropSnapshot, simulateSnapshots } from '../fakes/cluster/snapshots.ts';
import { emptyState, timeOf, type ClusterState, type Duty } from '../fakes/cluster/state.ts';
import { simulateStorage } from '../fakes/cluster/storage.ts';
import { simulateResticJobs } from '../fakes/cluster/restic-job.ts';
import { simulateSurveys } from '../fakes/cluster/surveys.ts';
import { simulateVerifications } from '../fakes/cluster/verifier.ts';
import { simulateVolSync } from '../fakes/cluster/volsync.ts';
import { LiveObjectWriter } from './live-object-writer.ts';
import type { Feed } from './relay.ts';

/** What the real controllers of Kubernetes do here. */
const DONE_BY_KUBERNETES: ReadonlySet<Duty> = new Set([
  'bind',
  'release claims',
  'release volumes',
  'collect',
]);

/** CSI driver, snapshot controller, VolSync, its pods and restic, on a real API server. */
export interface Actors {
  readonly state: ClusterState;
  /** The first error of the doubles: a defect of the test itself. */
  problem(): unknown;
  stop(): Promise<void>;
}

export function startActors(client: KubeClient, feed: Feed, namespace: string): Actors {
  const writer = new LiveObjectWriter(client, feed);
  let problem: unknown;
  let over = false;
  let due = false;
  let looking: Promise<void> | undefined;

  const state: ClusterState = {
    kube: writer,
    list: (kind) => writer.list(kind),
    get: (kind, key) => writer.get(kind, key),
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
      simulateSnapshots(state);
      simulateStorage(state);
      simulateVolSync(state);
      simulateMaintenance(state);
      simulateVerifications(state);
      simulateSurveys(state);
      simulateResticJobs(state);
      await writer.flush();
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

/** What the Jobs that maintain a repository do, by a word of their command. */
const TASKS: Readonly<Record<string, string>> = {
  forget: 'forget',
  prune: 'prune',
  rclone: 'rclone',
  // Every run removes stale locks first; this one does nothing else.
  cat: 'unlock',
};

/** Doubles the kubelet, the Job controller and restic for the Jobs that maintain a repository. */
function simulateMaintenance(state: ClusterState): void {
  for (const job of state.list(jobs) as PodJob[]) {
    const { command = [], args = [] } = job.spec?.template?.spec?.containers?.[0] ?? {};
    const words = [...command, ...args];
    const task = TASKS[words.find((word) => word in TASKS) ?? ''];
    if (task === undefined || (job.status?.succeeded ?? 0) > 0) continue;
    const secret = state.get(secrets, { namespace: state.namespace, name: job.metadata.name });
    if (secret === undefined) continue;
    const url = urlIn(secret);
    const repository = state.repositories.get(url);
    if (repository === undefined) throw new Error(`there is no repository ${url}`);
    const id = words.at(-1) ?? '';
    const count = repository.snapshots.length;
    state.started.push({ kind: 'backup', name: task, attempt: 1, unlock: false });
    if (task === 'forget')
      repository.snapshots = repository.snapshots.filter((snapshot) => !snapshot.id.startsWith(id));
    if (task === 'prune') say(state, job, `finding data that is still in use for ${count} snapshots`);
    if (task === 'rclone') {
      if (count > 0) throw new Error(`${url} is not empty`);
      state.repositories.delete(url);
      say(state, job, 'the repository is removed');
    }
    const now = timeOf(state.clock);
    state.kube.edit(jobs, keyOf(job), (object) => {
      object.status = { ...ENDED_WELL, startTime: now, completionTime: now };
    });
  }
}

/** What the API server requires of a Job that has a completion time. */
const ENDED_WELL = {
  succeeded: 1,
  conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True' })),
};

/** Returns the URL of the repository, from the variables of restic or rclone. */
function urlIn({ data = {} }: Secret): string {
  const read = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  const endpoint = read('RCLONE_CONFIG_REPOSITORY_ENDPOINT');
  return endpoint === '' ? read('RESTIC_REPOSITORY') : `s3:${endpoint}/${read('REPOSITORY_FOLDER')}`;
}

/** Ends the Job's pod with success and this output. */
function say(state: ClusterState, { apiVersion, kind, metadata }: Job, ...lines: string[]): void {
  const { name, uid = '' } = metadata;
  const key = { namespace: state.namespace, name: `${name}-1` };
  state.logs.set(formatKey(key), { lines, ended: true, listeners: new Set() });
  state.kube.seed(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...key,
      labels: { ...metadata.labels, 'job-name': name },
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    spec: { containers: [{ name: 'restic' }] },
    status: {
      phase: 'Succeeded',
      containerStatuses: [{ name: 'restic', state: { terminated: { exitCode: 0 } } }],
    },
  });
}
