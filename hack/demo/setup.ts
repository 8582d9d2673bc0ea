import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/index.ts';
import type { DemoMover } from './config.ts';

/** The class of the demo, and the label that selects it. */
export const CLASS = 'demo';
export const CLASS_LABEL = { key: 'tier', value: 'gold' } as const;

/** Beside the class: what a user keeps outside the cluster and brings to every new one. */
const SECRET = 'demo-restic';

/** What the user of the data mover sets up once per cluster: secret, class, switch, and the right to keep owners. */
export async function setUpDataMover(cluster: Cluster, mover: DemoMover): Promise<void> {
  const { namespace } = cluster;
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(objects(cluster, mover)));
  const sample = await readFile(join(cluster.config.checkout, 'config/samples/plugin-config.yaml'), 'utf8');
  await cluster.kubectl(['apply', '-f', '-'], sample.replace('namespace: velero', `namespace: ${namespace}`));
  if (mover !== 'VolSync') return;
  // Without it VolSync's mover runs without privileges, and restores neither owners nor what it may not read.
  const privileged = 'volsync.backube/privileged-movers=true';
  await cluster.kubectl(['annotate', 'namespace', namespace, privileged, '--overwrite']);
}

function objects({ namespace, images }: Cluster, mover: DemoMover): unknown {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: SECRET },
    // Velero knows the bucket and its credentials.
    stringData: { RESTIC_PASSWORD: 'only-for-the-demo' },
  };
  const dataMoverClass = {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: { name: CLASS },
    spec: {
      mover,
      selector: `${CLASS_LABEL.key}=${CLASS_LABEL.value}`,
      // The cluster reaches no registry, and has this restic.
      config: { resticSecret: { name: SECRET }, resticImage: images.volsyncRestic },
    },
  };
  return { apiVersion: 'v1', kind: 'List', items: [secret, dataMoverClass] };
}
