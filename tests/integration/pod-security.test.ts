import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { namespaces, pods } from '../../api/kubernetes/core.ts';
import { desiredRepositoryJob, type VolumeUse } from '../../movers/restic-repository/job/repository-job.ts';
import { desiredJob } from '../../hack/cluster/doubles/volsync/mover/job.ts';
import { createKubeClient } from '../../kube/client/http-kube-client.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';

/** Which pods the API server admits to the protected namespace under which Pod Security Standard. */

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createKubeClient(plane.config, { fieldManager: 'test' });
  for (const name of ['restricted', 'baseline']) {
    const metadata = { name, labels: { 'pod-security.kubernetes.io/enforce': name } };
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
  }
}, 300_000);

afterAll(async () => {
  await client.close();
  await plane.stop();
});

interface Templated {
  spec: { template?: { spec?: object } };
}

let count = 0;

/** Creates the pod that a Job or Deployment would create. */
async function makePod(namespace: string, { spec }: Templated): Promise<void> {
  const metadata = { namespace, name: `pod-${++count}` };
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: spec.template?.spec } as never);
}

const SECRET_KEYS = ['RESTIC_PASSWORD', 'RESTIC_CUSTOM_CA', 'GOOGLE_APPLICATION_CREDENTIALS'];

/** Returns a Job of our own, with every file that it can mount. */
function ownJob(volume?: VolumeUse) {
  const target = { kind: 'delete', name: 'dmd-1', labels: {}, annotations: {} } as const;
  return desiredRepositoryJob(
    target,
    { namespace: 'x' },
    {
      program: 'restic',
      image: 'restic',
      args: ['forget', '--prune', 'abcdef01'],
      secretKeys: SECRET_KEYS,
      ...(volume !== undefined && { volume }),
    },
  );
}

/** Returns the Job that compares a volume with its snapshot. */
function comparison(podSecurityContext: Record<string, unknown> | undefined, isPrivileged = false) {
  return ownJob({
    claimName: 'dmb-1',
    mountPath: '/data',
    ...(isPrivileged && { capabilities: ['DAC_OVERRIDE'] }),
    podSecurityContext,
  });
}

/** Returns VolSync's Job for a transfer, as its double creates it. */
function moverJob(moverSecurityContext: Record<string, unknown> | undefined, privileged = false) {
  return desiredJob({
    owner: {
      apiVersion: 'volsync.backube/v1alpha1',
      kind: 'ReplicationSource',
      metadata: { name: 'dmb-1', namespace: 'x', uid: 'u' },
    },
    restic: {
      repository: 'dmb-1',
      customCA: { secretName: 'dmb-1', key: 'RESTIC_CUSTOM_CA' },
      ...(moverSecurityContext !== undefined && { moverSecurityContext }),
    },
    image: 'volsync',
    args: ['backup'],
    env: [],
    secretName: 'dmb-1',
    secretKeys: SECRET_KEYS,
    serviceAccount: 'default',
    dataClaim: 'dmb-1',
    dataReadOnly: false,
    cacheClaim: 'dmb-1-cache',
    privileged,
    failureLimit: 1,
  });
}

const UNPRIVILEGED = {
  runAsNonRoot: true,
  runAsUser: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};

describe('a namespace that allows only restricted pods', () => {
  it('takes the Jobs that remove and prune', async () => {
    await makePod('restricted', ownJob());
  });

  it('takes the controller', async () => {
    const file = join(import.meta.dirname, '../../config/manager/deployment.yaml');
    await makePod('restricted', parse(readFileSync(file, 'utf8')) as Templated);
  });

  it('accepts movers of VolSync that the class runs as an unprivileged user', async () => {
    await makePod('restricted', moverJob(UNPRIVILEGED));
  });

  it('accepts the Jobs that compare a volume if it accepts the mover', async () => {
    await makePod('restricted', comparison(UNPRIVILEGED));
    await expect(makePod('restricted', comparison(undefined))).rejects.toThrow('violates PodSecurity');
  });

  it.each([
    ['as VolSync starts them by default', moverJob(undefined)],
    ['with privileges', moverJob(undefined, true)],
  ])('does not take movers %s', async (_, job) => {
    await expect(makePod('restricted', job)).rejects.toThrow('violates PodSecurity "restricted');
  });
});

it('privileged movers need no more than the baseline', async () => {
  await makePod('baseline', moverJob(undefined, true));
  await makePod('baseline', comparison(undefined, true));
});
