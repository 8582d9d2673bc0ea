import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type Job,
} from '../../api/kubernetes/core.ts';
import { keyOf } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** The Restic mover with a class that keeps caches. */

const DAY_MS = 24 * 3_600_000;

let harness: ControllerHarness;
/** The claim of the cache of each backup's pod, in order. */
let used: (string | undefined)[];

beforeEach(async () => {
  harness = new ControllerHarness();
  keepCaches({ cacheCapacity: '2Gi', cacheStorageClassName: 'fast' });
  await harness.addSource('data', 'precious');
  used = [];
  await harness.start();
});

afterEach(() => harness.stop());

function keepCaches(config: object): void {
  harness.addClass((object) => Object.assign(object.spec, { mover: 'Restic', config }));
}

const caches = () =>
  harness.kube.peekAll(persistentVolumeClaims).filter(({ metadata }) => metadata.labels?.[labels.cache]);

interface MoverJob extends Job {
  spec: {
    template: { spec: { volumes: { name: string; persistentVolumeClaim?: { claimName: string } }[] } };
  };
}

async function backUp(name: string): Promise<void> {
  harness.cluster.state.script = () => {
    const [job] = harness.kube.peekAll(jobs) as MoverJob[];
    const cache = job?.spec.template.spec.volumes.find((volume) => volume.name === 'cache');
    used.push(cache?.persistentVolumeClaim?.claimName);
    return undefined;
  };
  harness.addBackup(name);
  await harness.until(() => harness.backup(name)?.status?.completionTimestamp !== undefined);
  expect(harness.backup(name)?.status).toMatchObject({ phase: 'Completed' });
}

describe('a class that keeps caches', () => {
  it('uses the same cache for each backup of a repository', async () => {
    await backUp('b1');
    await backUp('b2');
    const [cache] = caches();
    expect(caches()).toHaveLength(1);
    expect(used).toEqual([cache?.metadata.name, cache?.metadata.name]);
    expect(cache?.spec).toMatchObject({
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '2Gi' } },
      storageClassName: 'fast',
    });
  });

  it('deletes them when its configuration no longer sets cacheCapacity', async () => {
    await backUp('b1');
    keepCaches({});
    await backUp('b2');
    expect(used).toEqual([expect.any(String), undefined]);
    expect(caches()).toEqual([]);
  });

  it('deletes a cache that is older than a month, and its volume', async () => {
    await backUp('b1');
    const volume = caches()[0]!.spec.volumeName!;
    harness.kube.edit(persistentVolumes, { name: volume }, ({ spec }) => {
      spec.persistentVolumeReclaimPolicy = 'Retain';
    });
    harness.kube.edit(persistentVolumeClaims, keyOf(caches()[0]!), ({ metadata }) => {
      metadata.creationTimestamp = new Date(harness.cluster.clock.now() - 31 * DAY_MS).toISOString();
    });
    await backUp('b2');
    expect(used).toEqual([expect.any(String), undefined]);
    expect(caches()).toEqual([]);
    await harness.until(() => harness.kube.peek(persistentVolumes, { name: volume }) === undefined);
    await backUp('b3');
    expect(used[2]).toBe(used[0]);
  });

  it('deletes a cache in phase Lost, but not the volume, which belongs to another claim', async () => {
    await backUp('b1');
    const [lost] = caches();
    const name = lost!.spec.volumeName!;
    harness.kube.edit(persistentVolumes, { name }, ({ spec }) => {
      spec.persistentVolumeReclaimPolicy = 'Retain';
      spec.claimRef = { namespace: 'shop', name: 'precious', uid: 'of-somebody-else' };
    });
    harness.kube.edit(persistentVolumeClaims, keyOf(lost!), (object) => {
      object.status = { ...object.status, phase: 'Lost' };
    });
    await backUp('b2');
    expect(caches()).toEqual([]);
    expect(harness.kube.peek(persistentVolumes, { name })?.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { name: 'precious' },
    });
  });

  it('deletes a cache that no pod can mount together with the volume', async () => {
    await backUp('b1');
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    harness.addBackup('b2');
    await harness.until(() => harness.kube.peekAll(pods).length === 1);
    const [pod] = harness.kube.peekAll(pods);
    harness.kube.edit(pods, { namespace: 'velero', name: pod!.metadata.name }, (object) => {
      const message = '0/1 nodes are available: 1 node(s) had volume node affinity conflict.';
      object.status = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message }] };
    });
    await harness.until(() => caches().length === 0);
    await harness.advance(1_800_000, 10_000);
    expect(harness.backup('b2')?.status?.failure).toMatchObject({ reason: 'Unschedulable' });
  });
});
