import { describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../tests/fakes/fake-clock.ts';
import { FakeKube } from '../tests/fakes/fake-kube.ts';
import { dataMoverClasses } from '../api/datamover/v1alpha1/kinds.ts';
import { KubeError } from '../kube/client/kube-error.ts';
import { createClusterReader } from './cluster-reader.ts';

function setUp() {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  let connections = 0;
  const connect = () => {
    connections++;
    return Promise.resolve(kube.client());
  };
  return { clock, kube, cluster: createClusterReader({ clock, connect }), connections: () => connections };
}

describe('the cluster', () => {
  it('is connected to on first use, once', async () => {
    const { cluster, connections } = setUp();
    expect(connections()).toBe(0);
    await Promise.all([cluster.kube(), cluster.settings('velero'), cluster.classes()]);
    expect(connections()).toBe(1);
  });

  it('is read once for the switch and the classes, even if the backup takes hours', async () => {
    const { cluster, kube, clock } = setUp();
    const ask = () => Promise.all([cluster.classes(), cluster.settings('velero')]);
    await Promise.all([ask(), ask()]);
    const calls = kube.calls.length;
    await clock.advance(3_600_000);
    await ask();
    expect(kube.calls).toHaveLength(calls);
    expect(kube.calls.filter(({ kind }) => kind.plural === dataMoverClasses.plural)).toHaveLength(1);
  });

  it('is read again a few times if the API server is unavailable', async () => {
    const { cluster, kube, clock } = setUp();
    let attempts = 0;
    kube.before = () => {
      attempts++;
      throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'later' });
    };
    const failing = expect(cluster.classes()).rejects.toThrow('later');
    for (const pause of [500, 1_000, 2_000]) await clock.advance(pause);
    await failing;
    expect(attempts).toBe(4);
    kube.restart();
    await expect(cluster.classes()).resolves.toEqual([]);
  });

  it('is read again by the next call after an error that is not transient', async () => {
    const { cluster, kube } = setUp();
    kube.before = () => {
      throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not you' });
    };
    await expect(cluster.classes()).rejects.toThrow('not you');
    kube.restart();
    await expect(cluster.classes()).resolves.toEqual([]);
  });

  it('without our CustomResourceDefinitions is an error that names what to install', async () => {
    const { cluster, kube } = setUp();
    kube.before = () => {
      throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such kind' });
    };
    await expect(cluster.classes()).rejects.toThrow(
      /CustomResourceDefinitions are not installed.*config\/default/,
    );
  });
});
