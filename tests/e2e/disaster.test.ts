import { afterAll, describe, expect, it } from '@jest/globals';
import { loadCluster, type Cluster } from '../../hack/cluster/index.ts';
import { runDemo } from '../../hack/demo/demo.ts';

const SIZE_MIB = 20;

/**
 * The demo as a test, in a cluster that may be lost. In the cluster that replaces it, Velero has another namespace. Velero's own
 * CSI support takes the snapshots that are lost with the first cluster.
 */
describe('a disaster', () => {
  let survived = 0;

  const clusterOf = (veleroNamespace: string, veleroFeatures = ''): Cluster =>
    loadCluster({ name: 'datamover-lost', veleroNamespace, veleroFeatures });

  afterAll(async () => {
    // After a failure the cluster is kept for inspection.
    if (survived === 2) await clusterOf('velero').down();
  });

  it.each([
    ['namespace', '', 'VolSync'],
    ['cluster', 'EnableCSI', 'Restic'],
  ] as const)(
    'that takes the %s leaves every file as it was, and no snapshot',
    async (what, features, mover) => {
      const cluster = clusterOf('velero', features);
      const successor = clusterOf('openshift-adp', features);
      const facts = await runDemo({ cluster, successor, disaster: what, mover, sizeMiB: SIZE_MIB });
      const { comparison, data } = facts;
      expect(comparison.differences).toEqual([]);
      expect(data.bytes).toBeGreaterThan(SIZE_MIB * 2 ** 20);
      expect(data.entries).toBeGreaterThan(100);
      expect(data.uploadedBytes).toBeGreaterThan(0);
      const survivor = what === 'cluster' ? successor : cluster;
      const described = await survivor.velero(['backup', 'describe', facts.backup, '--details']);
      expect(described.includes('velero.io/csi-volumesnapshot-backupper')).toBe(features === 'EnableCSI');
      const snapshots = [
        'get',
        'volumesnapshots,volumesnapshotcontents',
        '--all-namespaces',
        '--output',
        'name',
      ];
      expect(await survivor.kubectl(snapshots)).toBe('');
      survived += 1;
    },
  );
});
