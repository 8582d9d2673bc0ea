import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { veleroBackup, veleroRestore } from '../../contract/objects.ts';

/** One kind of call, `calls` times per round, `parallel` at once. */
export interface Case {
  name: string;
  op: 'backup' | 'restore' | 'progress';
  item?: string;
  calls: number;
  parallel: number;
}

/** With large objects most of the time is spent in the host and in Go's API types, so fewer calls are enough. */
const MANY = 400;
const FEW = 40;

export const CASES: readonly Case[] = [
  { name: 'Execute (backup), 3 kB, unchanged', op: 'backup', item: 'small', calls: MANY, parallel: 1 },
  { name: 'Execute (backup), 3 kB, changed', op: 'backup', item: 'smallMarked', calls: MANY, parallel: 1 },
  { name: 'Execute (restore), 3 kB, changed', op: 'restore', item: 'smallMarked', calls: MANY, parallel: 1 },
  {
    name: 'Execute (backup), 3 kB, changed, 4 at once',
    op: 'backup',
    item: 'smallMarked',
    calls: MANY,
    parallel: 4,
  },
  { name: 'Execute (backup), 300 kB deep, unchanged', op: 'backup', item: 'deep', calls: FEW, parallel: 1 },
  {
    name: 'Execute (backup), 300 kB deep, changed',
    op: 'backup',
    item: 'deepMarked',
    calls: FEW,
    parallel: 1,
  },
  {
    name: 'Execute (backup), 300 kB flat, changed',
    op: 'backup',
    item: 'flatMarked',
    calls: FEW,
    parallel: 1,
  },
  {
    name: 'Execute (restore), 300 kB deep, changed',
    op: 'restore',
    item: 'deepMarked',
    calls: FEW,
    parallel: 1,
  },
  {
    name: 'Execute (backup), 300 kB deep, changed, 4 at once',
    op: 'backup',
    item: 'deepMarked',
    calls: FEW,
    parallel: 4,
  },
  { name: 'Progress, with its read from the API server', op: 'progress', calls: MANY, parallel: 1 },
];

/** One after the other in one process. */
export const LOAD: readonly Case[] = [
  { name: 'after 1,000 × 3 kB', op: 'backup', item: 'smallMarked', calls: 1_000, parallel: 1 },
  { name: 'after 300 × 300 kB', op: 'backup', item: 'deepMarked', calls: 300, parallel: 1 },
  { name: 'after 200 × 300 kB, 4 at once', op: 'backup', item: 'deepMarked', calls: 200, parallel: 4 },
];

/** The objects of the calls: the claims opt out of being moved, so that a call decides, logs the reason, and writes nothing. */
export const OBJECTS = {
  items: {
    small: claim({ spec: {} }, 2_400),
    smallMarked: claim({ marked: true, spec: {} }, 2_400),
    deep: claim({ spec: likeAPod() }, 0),
    deepMarked: claim({ marked: true, spec: likeAPod() }, 0),
    flatMarked: claim({ marked: true, spec: likeAConfigMap() }, 0),
  },
  backup: veleroBackup({
    spec: { includedNamespaces: ['app'], ttl: '720h0m0s', storageLocation: 'default' },
  }),
  restore: veleroRestore({ spec: { restorePVs: false } }),
  operationID: 'app/dmb-1',
};

function claim({ marked = false, spec }: { marked?: boolean; spec: object }, notes: number) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'app',
      uid: '7c1b6e1e-53f2-4f3a-9d0c-0d5f6a1b2c3d',
      resourceVersion: '9007199254740993',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: 'database', [labels.dataMover]: 'false' },
      annotations: {
        ...(marked ? { [annotations.movedBy]: 'app/dmb-0' } : {}),
        'pv.kubernetes.io/bind-completed': 'yes',
        'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(notes),
      },
      finalizers: ['kubernetes.io/pvc-protection'],
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '10Gi' } },
      storageClassName: 'standard',
      volumeMode: 'Filesystem',
      volumeName: 'pvc-7c1b6e1e',
      ...spec,
    },
    status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '10Gi' } },
  };
}

/** Returns many small values in nested objects and lists: the hardest case for a decoder. */
function likeAPod(): object {
  const container = (index: number) => ({
    name: `container-${String(index)}`,
    image: `registry.example.com/team/app:${String(index)}`,
    env: Array.from({ length: 8 }, (_, at) => ({
      name: `VARIABLE_${String(at)}`,
      value: `value ${String(at * index)}`,
    })),
    ports: [{ containerPort: 8000 + index, protocol: 'TCP' }],
    resources: { limits: { cpu: '100m', memory: '128Mi' }, requests: { cpu: '50m', memory: '64Mi' } },
    volumeMounts: [{ name: 'data', mountPath: `/data/${String(index)}`, readOnly: false }],
    livenessProbe: {
      httpGet: { path: '/healthz', port: 8000 + index },
      periodSeconds: 10,
      failureThreshold: 3,
    },
  });
  return { containers: Array.from({ length: 410 }, (_, index) => container(index)) };
}

/** Returns a few long strings. */
function likeAConfigMap(): object {
  const page = (index: number) => `line ${String(index)}\n`.repeat(3_600);
  return {
    data: Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`file-${String(index)}`, page(index)]),
    ),
  };
}
