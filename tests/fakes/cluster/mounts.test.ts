import { describe, expect, it } from '@jest/globals';
import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
  type Job,
  type Pod,
} from '../../../api/kubernetes/core.ts';
import { FakeCluster } from './fake-cluster.ts';
import type { PodJob } from './mounts.ts';
import { simulateResticJobs } from './restic-job.ts';
import type { ClusterState } from './state.ts';
import { simulateVerifications } from './verifier.ts';

const namespace = 'velero';
const REPOSITORY = 's3:http://minio/bucket/app';

/** A Job that works on the volume of the claim `data`. */
function jobOf(name: string, container: { command?: string[]; args: string[] }): PodJob {
  const secretKeyRef = { name: 'transfer' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace, name },
    spec: {
      template: {
        spec: {
          containers: [{ ...container, env: [{ valueFrom: { secretKeyRef } }] }],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
        },
      },
    },
  };
}

/** A Job with a file of the Secret `authorities`, and no variable from a Secret. */
const withFile: PodJob = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace, name: 'transfer-verify' },
  spec: {
    template: {
      spec: {
        containers: [{ args: ['id'] }],
        volumes: [{ name: 'secrets', secret: { secretName: 'authorities' } }],
      },
    },
  },
};

const backup = jobOf('transfer', { command: ['sh', '-c', 'restic backup --json .'], args: ['tag'] });
const restore = jobOf('transfer', {
  command: ['sh', '-c', 'restic restore --target . --sparse'],
  args: ['id'],
});
const verification = jobOf('transfer-verify', { args: ['id', '/data'] });

const steps: Readonly<Record<string, (cluster: FakeCluster) => void>> = {
  'the Secret': ({ kube }) => {
    const data = { RESTIC_REPOSITORY: btoa(REPOSITORY), RESTIC_PASSWORD: btoa('secret') };
    kube.seed(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'transfer' }, data });
  },
  'the bound claim': ({ kube }) => {
    kube.seed(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace, name: 'data' },
      spec: { volumeName: 'disk' },
      status: { phase: 'Bound' },
    });
  },
  'its volume': ({ kube }) => {
    kube.seed(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'disk' },
      spec: { csi: { driver: 'csi.example.com', volumeHandle: 'handle' } },
    });
  },
};

/** The orders in which the watches can deliver the objects. */
const orders = Object.keys(steps).map((last) => [...Object.keys(steps).filter((one) => one !== last), last]);

const doubles: [string, PodJob, (state: ClusterState) => void][] = [
  ['a backup', backup, simulateResticJobs],
  ['a restore', restore, simulateResticJobs],
  ['a verification', verification, simulateVerifications],
];

function clusterWith(job: Job): FakeCluster {
  const cluster = new FakeCluster(namespace);
  cluster.state.disks.set('handle', 'content');
  cluster.state.repositories.set(REPOSITORY, {
    password: 'secret',
    snapshots: [{ id: 'id', at: 0, content: 'saved' }],
  });
  cluster.kube.seed(jobs, job);
  return cluster;
}

const startedPods = ({ state }: FakeCluster): Pod[] =>
  state.list(pods).filter(({ status }) => status?.phase !== 'Pending');

describe('the kubelet of the doubles', () => {
  const cases = doubles.flatMap(([name, job, tend]) =>
    orders.map((order) => ({ name, job, tend, order, last: order.at(-1) ?? '' })),
  );

  it.each(cases)('starts the pod of $name when $last is seen, and not before', ({ job, tend, order }) => {
    const cluster = clusterWith(job);
    for (const step of order) {
      tend(cluster.state);
      expect(startedPods(cluster)).toEqual([]);
      steps[step]?.(cluster);
    }
    tend(cluster.state);
    expect(cluster.state.list(pods)).toMatchObject([{ status: { phase: 'Succeeded' } }]);
    expect(cluster.state.list(jobs)).toMatchObject([{ status: { succeeded: 1 } }]);
    expect([...cluster.state.repositories.keys()]).toEqual([REPOSITORY]);
  });

  it('starts no pod on a claim that is not bound', () => {
    const cluster = clusterWith(verification);
    for (const step of Object.values(steps)) step(cluster);
    cluster.kube.edit(persistentVolumeClaims, { namespace, name: 'data' }, (claim) => {
      claim.status = { phase: 'Pending' };
    });
    simulateVerifications(cluster.state);
    expect(cluster.state.list(pods)).toMatchObject([{ status: { phase: 'Pending' } }]);
  });

  it('starts no pod before a Secret that is mounted as files', () => {
    const cluster = clusterWith(withFile);
    simulateVerifications(cluster.state);
    expect(cluster.state.list(pods)).toMatchObject([{ status: { phase: 'Pending' } }]);
    const metadata = { namespace, name: 'authorities' };
    cluster.kube.seed(secrets, { apiVersion: 'v1', kind: 'Secret', metadata });
    simulateVerifications(cluster.state);
    expect(startedPods(cluster)).toHaveLength(1);
  });
});
