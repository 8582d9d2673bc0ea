import { IMAGES } from '../cluster/index.ts';
import type { Cluster } from '../cluster/index.ts';

/** The application of the demo: a Deployment of one pod with one volume. */
export const APP = {
  namespace: 'datamover-demo',
  deployment: 'notes',
  claim: 'notes-data',
  /** Mount path of the volume in the pod. */
  mount: '/data',
} as const;

const MIB = 1024 ** 2;
/** Size of the data besides the large files: 1 GiB for the sparse file, and some for the rest. */
const FIXED_MIB = 1100;
const ROLLOUT_TIMEOUT = '120s';

/** Creates the namespace, the claim and the Deployment, and waits until the pod runs. */
export async function startApp(cluster: Cluster, sizeMiB: number): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(manifests(sizeMiB)));
  await waitForApp(cluster);
}

/** Waits until the application runs. @throws CommandError after two minutes */
export async function waitForApp(cluster: Cluster): Promise<void> {
  const { namespace, deployment } = APP;
  const timeout = `--timeout=${ROLLOUT_TIMEOUT}`;
  await cluster.kubectl(['-n', namespace, 'rollout', 'status', `deployment/${deployment}`, timeout]);
}

/** Runs a shell script in the application's pod and returns its output. */
export function inPod(cluster: Cluster, script: string): Promise<string> {
  const pod = `deployment/${APP.deployment}`;
  return cluster.kubectl(['-n', APP.namespace, 'exec', '-i', pod, '--', 'sh', '-eu', '-s'], script);
}

/** Deletes the namespace and everything in it. Does nothing if it does not exist. */
export async function deleteApp(cluster: Cluster): Promise<void> {
  await cluster.kubectl(['delete', 'namespace', APP.namespace, '--ignore-not-found', '--timeout=120s']);
}

function manifests(sizeMiB: number): unknown {
  const { namespace, deployment, claim, mount } = APP;
  const labels = { app: deployment };
  const container = {
    name: 'app',
    image: IMAGES.busybox,
    imagePullPolicy: 'IfNotPresent',
    // The first process of a container ignores signals without a handler, so SIGTERM needs one.
    command: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 3600 & wait; done'],
    volumeMounts: [{ name: 'data', mountPath: mount }],
  };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace, name: claim },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: String((sizeMiB + FIXED_MIB) * 2 * MIB) } },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace, name: deployment, labels },
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [container],
            volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
          },
        },
      },
    },
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}
