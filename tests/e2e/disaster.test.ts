import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadCluster, type Cluster } from '../../hack/cluster/index.ts';
import { runDemo } from '../../hack/demo/demo.ts';

const SIZE_MIB = 20;

/** The demo as a test, in a cluster that may be lost. Velero has another namespace in the one that comes after it. */
describe('a disaster', () => {
  let cluster: Cluster;
  let successor: Cluster;
  let survived = 0;

  beforeAll(() => {
    cluster = loadCluster({ name: 'datamover-lost', veleroNamespace: 'velero' });
    successor = loadCluster({ name: 'datamover-lost', veleroNamespace: 'openshift-adp' });
  });

  afterAll(async () => {
    // After a failure it stays, for a look.
    if (survived === 2) await cluster.down();
  });

  it.each(['namespace', 'cluster'] as const)(
    'that takes the %s leaves every file as it was',
    async (what) => {
      const { comparison, data } = await runDemo({ cluster, successor, disaster: what, sizeMiB: SIZE_MIB });
      expect(comparison.differences).toEqual([]);
      expect(data.bytes).toBeGreaterThan(SIZE_MIB * 2 ** 20);
      expect(data.entries).toBeGreaterThan(100);
      expect(data.uploadedBytes).toBeGreaterThan(0);
      survived += 1;
    },
  );
});
