import { persistentVolumeClaims, persistentVolumes } from '../../../api/kubernetes/core.ts';
import {
  apiVersionOf,
  type Condition,
  type Key,
  type Kind,
  type Resource,
} from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverBackups, dataMoverRestores } from '../../../api/datamover/v1alpha1/kinds.ts';
import { claim, untilBound, type Place } from '../../e2e/support/app.ts';
import type { TestCluster } from '../../e2e/support/cluster.ts';
import { until } from '../../e2e/support/wait.ts';
import { witness, type Moment } from './moments.ts';

/** Seconds from the creation of the request to its end, and the seconds in each phase. */
export interface Timed<T> {
  seconds: number;
  phases: Readonly<Record<string, number>>;
  /** The events between creation and end. */
  moments: readonly Moment[];
  object: T;
}

type Request = Resource & {
  status?: { phase?: string | undefined; message?: string | undefined; conditions?: Condition[] | undefined };
};

const PATIENCE_MS = 600_000;

/** Creates a request and waits for its end. @throws Error if that is not `Completed` */
async function follow<T extends Request>(test: TestCluster, kind: Kind<T>, object: T): Promise<Timed<T>> {
  const { kube } = test;
  const { namespace, name } = object.metadata;
  const key: Key = { name, ...(namespace !== undefined && { namespace }) };
  const phases: Record<string, number> = {};
  const seen = await witness(test);
  const begun = performance.now();
  let phase = 'Pending';
  let since = begun;
  const enter = (next: string): void => {
    const now = performance.now();
    phases[phase] = (phases[phase] ?? 0) + (now - since) / 1000;
    [phase, since] = [next, now];
  };
  await kube.create(kind, object);
  const ended = await until(kube, kind, key, {
    to: 'to end',
    timeoutMs: PATIENCE_MS,
    when(request) {
      const { status } = request;
      seen.saw(request);
      if (status?.phase !== undefined && status.phase !== phase) enter(status.phase);
      return ['Completed', 'Failed', 'Canceled'].includes(phase);
    },
  });
  const moments = seen.end();
  if (phase !== 'Completed')
    throw new Error(`${kind.kind} ${name} is ${phase}: ${ended.status?.message ?? ''}`);
  return { seconds: (since - begun) / 1000, phases, moments, object: ended };
}

export function backUp(test: TestCluster, source: Place, name: string, dataMoverClass: string) {
  return follow<DataMoverBackup>(test, dataMoverBackups, {
    apiVersion: apiVersionOf(dataMoverBackups),
    kind: dataMoverBackups.kind,
    metadata: { name, namespace: source.namespace },
    spec: { dataMoverClass, dataSourceRef: { kind: 'PersistentVolumeClaim', name: source.name } },
  });
}

/** Restores into a new claim of the same namespace. */
export async function restore(test: TestCluster, from: DataMoverBackup, size: string) {
  const { name, namespace = '' } = from.metadata;
  const { result, dataMoverClass } = from.status ?? {};
  if (result === undefined || dataMoverClass === undefined) throw new Error(`backup ${name} has no result`);
  // Without a pod no volume is provisioned for a claim of this class, so it waits for the restore.
  await test.apply(claim({ namespace, name }, { storageClassName: 'csi-test-wffc', size }));
  return follow<DataMoverRestore>(test, dataMoverRestores, {
    apiVersion: apiVersionOf(dataMoverRestores),
    kind: dataMoverRestores.kind,
    metadata: { name, namespace },
    spec: {
      destinationClaimRef: { name },
      source: { backupName: name, backupNamespace: namespace, dataMoverClass, result },
    },
  });
}

/** Creates a claim with a volume. Returns the folder in which the test driver keeps it. */
export async function makeVolume(test: TestCluster, place: Place, size: string): Promise<string> {
  await test.apply(claim(place, { size }));
  await untilBound(test, place);
  return folderOf(test, place);
}

export async function folderOf({ kube, cluster }: TestCluster, place: Place): Promise<string> {
  const bound = await kube.get(persistentVolumeClaims, place);
  const volume = await kube.get(persistentVolumes, { name: bound?.spec.volumeName ?? '' });
  const handle = volume?.spec.csi?.volumeHandle;
  if (handle === undefined) throw new Error(`claim ${place.namespace}/${place.name} has no volume`);
  return `${cluster.config.paths.csi}/volumes/${handle}/data`;
}
