import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/index.ts';
import type { DemoMover } from './config.ts';

/**
 * Returns the class of a mover, and the label that selects it. The mover of a class cannot change, so each mover has its own
 * class.
 */
export function classOf(mover: DemoMover): { name: string; label: string } {
  return { name: `demo-${mover.toLowerCase()}`, label: `mover=${mover.toLowerCase()}` };
}

/** What a user keeps outside the cluster and applies to every new one, besides the class. */
const SECRET = 'demo-restic';

/** Sets up what a cluster needs once: secret, class, plugin configuration, and the privilege to restore file owners. */
export async function setUpDataMover(cluster: Cluster, mover: DemoMover): Promise<void> {
  const { namespace } = cluster;
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(objects(cluster, mover)));
  const sample = await readFile(join(cluster.config.checkout, 'config/samples/plugin-config.yaml'), 'utf8');
  await cluster.kubectl(['apply', '-f', '-'], sample.replace('namespace: velero', `namespace: ${namespace}`));
  if (mover !== 'VolSync') return;
  // Without it VolSync's mover runs unprivileged: it restores no owners, and skips files that it cannot read.
  const privileged = 'volsync.backube/privileged-movers=true';
  await cluster.kubectl(['annotate', 'namespace', namespace, privileged, '--overwrite']);
}

function objects({ namespace, images }: Cluster, mover: DemoMover): unknown {
  const { name, label } = classOf(mover);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: SECRET },
    // The bucket and its credentials come from Velero.
    stringData: { RESTIC_PASSWORD: 'only-for-the-demo' },
  };
  const dataMoverClass = {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: { name },
    spec: {
      mover,
      selector: label,
      // The cluster cannot reach a registry, but has this restic image.
      config: { resticSecret: { name: SECRET }, resticImage: images.volsyncRestic },
    },
  };
  return { apiVersion: 'v1', kind: 'List', items: [secret, dataMoverClass] };
}
