import { persistentVolumeClaims, pods, type PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import type { TestCluster } from './cluster.ts';
import { until } from './wait.ts';

/** An object of an application. */
export interface Place {
  namespace: string;
  name: string;
}

export interface ClaimOptions {
  /** Default: the cluster's default class, with immediate binding and reclaim policy Delete. */
  storageClassName?: string;
  accessModes?: string[];
  /** Default: Filesystem. */
  volumeMode?: 'Block';
  /** Default: 1Gi. */
  size?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export function claim({ namespace, name }: Place, options: ClaimOptions = {}): object {
  const { storageClassName = 'csi-test', accessModes = ['ReadWriteOnce'], size = '1Gi' } = options;
  const { labels, annotations, volumeMode } = options;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: {
      storageClassName,
      accessModes,
      ...(volumeMode && { volumeMode }),
      resources: { requests: { storage: size } },
    },
  };
}

export interface PodOptions {
  /** Claims by the folder at which the pod mounts them. */
  mounts: Readonly<Record<string, string>>;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Shell script of the pod; default: sleeps forever. */
  script?: string;
}

const IDLE = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";

export function pod({ namespace, name }: Place, image: string, options: PodOptions): object {
  const { mounts, labels, annotations, script = IDLE } = options;
  const volumes = Object.entries(mounts).map(([mountPath, claimName], index) => ({
    volume: { name: `v${String(index)}`, persistentVolumeClaim: { claimName } },
    mount: { name: `v${String(index)}`, mountPath },
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name, ...labels }, ...(annotations && { annotations }) },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', script],
          volumeMounts: volumes.map(({ mount }) => mount),
        },
      ],
      volumes: volumes.map(({ volume }) => volume),
    },
  };
}

export async function untilRunning({ kube }: TestCluster, place: Place): Promise<void> {
  await until(kube, pods, place, {
    to: 'to run',
    when: ({ status }) =>
      status?.containerStatuses?.every(({ state }) => state?.running !== undefined) ?? false,
  });
}

export async function untilBound({ kube }: TestCluster, place: Place): Promise<PersistentVolumeClaim> {
  return until(kube, persistentVolumeClaims, place, {
    to: 'to be bound',
    when: ({ status }) => status?.phase === 'Bound',
  });
}
