import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/index.ts';
import type { DemoMover } from './config.ts';

/** The class of a mover, and the label that selects it. A class keeps its mover, so each has one of its own. */
export function classOf(mover: DemoMover): { name: string; label: string } {
  return { name: `demo-${mover.toLowerCase()}`, label: `mover=${mover.toLowerCase()}` };
}

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
  const { name, label } = classOf(mover);
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
    metadata: { name },
    spec: {
      mover,
      selector: label,
      // The cluster reaches no registry, and has this restic.
      config: { resticSecret: { name: SECRET }, resticImage: images.volsyncRestic },
    },
  };
  return { apiVersion: 'v1', kind: 'List', items: [secret, dataMoverClass] };
}
