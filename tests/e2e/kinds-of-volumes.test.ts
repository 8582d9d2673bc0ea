import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/kubernetes/core.ts';
import type { PersistentVolumeClaim, PersistentVolume } from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { claim, pod, untilBound, untilRunning, type ClaimOptions, type Place } from './support/app.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { leftoversOf } from './support/leftovers.ts';
import { isStored, snapshotsIn } from './support/snapshots.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, movedRestores, restore } from './support/velero.ts';
import { untilGone } from './support/wait.ts';

/** Every claim of the application, and what makes it special. */
const CLAIMS: Readonly<Record<string, ClaimOptions>> = {
  immediate: { storageClassName: 'csi-test' },
  'first-consumer': { storageClassName: 'csi-test-wffc' },
  retained: { storageClassName: 'csi-test-retain' },
  shared: { storageClassName: 'csi-test', accessModes: ['ReadWriteMany'] },
  unmounted: { storageClassName: 'csi-test' },
  'unmounted-first-consumer': { storageClassName: 'csi-test-wffc' },
  empty: { storageClassName: 'csi-test' },
  'empty-first-consumer': { storageClassName: 'csi-test-wffc' },
};
const NAMES = Object.keys(CLAIMS);
const EMPTY = NAMES.filter((name) => name.startsWith('empty'));
const FULL = NAMES.filter((name) => !name.startsWith('empty'));
const UNMOUNTED = NAMES.filter((name) => name.startsWith('unmounted'));
const MOUNTED = NAMES.filter((name) => !name.startsWith('unmounted'));

/** Labels and annotations that the owner has set on a volume, and the label of its zone. */
const MARKS = {
  labels: { tier: 'gold', 'topology.kubernetes.io/zone': 'of-the-lost-volume' },
  annotations: { 'example.com/owner': 'shop' },
};

/** One application uses every kind of volume; one backup and one restore serve all of them. */
describe('volumes of every kind', () => {
  let story: Story;
  let namespace: string;
  let app: Place;
  let lost: string;
  let requests: DataMoverBackup[];
  const before = new Map<string, Manifest>();
  const after = new Map<string, Manifest>();

  const mountsOf = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`/data/${name}`, name]));
  const startPod = async (place: Place, names: readonly string[]): Promise<void> => {
    await story.apply(pod(place, story.cluster.images.busybox, { mounts: mountsOf(names) }));
    await untilRunning(story, place);
  };
  const read = async (into: Map<string, Manifest>, place: Place, names: readonly string[]): Promise<void> => {
    for (const name of names) into.set(name, await manifestOf(story, place, `/data/${name}`));
  };
  const claimOf = (name: string): Promise<PersistentVolumeClaim | undefined> =>
    story.kube.get(persistentVolumeClaims, { namespace, name });
  const volumeOf = async (name: string): Promise<PersistentVolume | undefined> =>
    story.kube.get(persistentVolumes, { name: (await claimOf(name))?.spec.volumeName ?? '' });

  beforeAll(async () => {
    story = await openStory('kinds');
    namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    const visitor = { namespace, name: 'visitor' };
    await story.apply(...NAMES.map((name) => claim({ namespace, name }, CLAIMS[name])));
    await Promise.all([startPod(app, MOUNTED), startPod(visitor, UNMOUNTED)]);
    const write = (names: readonly string[]): string =>
      names
        .map(
          (name) =>
            `cd /data/${name}; mkdir sub; echo '${name}' > sub/file; chown 7:8 sub/file; chmod 640 sub/file`,
        )
        .join('\n');
    await story.exec(app, write(FULL.filter((name) => MOUNTED.includes(name))));
    await story.exec(visitor, write(UNMOUNTED));
    await read(before, app, MOUNTED);
    await read(before, visitor, UNMOUNTED);
    await story.kube.delete(pods, visitor);
    await untilGone(story.kube, pods, visitor);

    const { name } = (await volumeOf('retained'))!.metadata;
    await story.kube.mergePatch(persistentVolumes, { name }, { metadata: MARKS });

    const backup = story.unique('backup');
    await backUp(story, backup, namespace);
    requests = await movedBackups(story, backup);

    lost = (await claimOf('retained'))?.spec.volumeName ?? '';
    await story.loseNamespace(namespace);
    await story.kube.delete(persistentVolumes, { name: lost });
    await restore(story, { name: story.unique('restore'), from: backup });
    await untilRunning(story, app);
    await Promise.all(NAMES.map((name) => untilBound(story, { namespace, name })));
    const restored = (await volumeOf('retained'))?.metadata.name ?? '';
    story.atEnd(() => story.kube.delete(persistentVolumes, { name: restored }));
    await read(after, app, MOUNTED);
    await startPod(visitor, UNMOUNTED);
    await read(after, visitor, UNMOUNTED);
  });

  afterAll(() => story.end());

  it.each(FULL)('brings the data of claim "%s" back', (name) => {
    expect(Object.keys(before.get(name) ?? {})).toEqual(['sub', 'sub/file']);
    expect(differences(before.get(name)!, after.get(name)!)).toEqual([]);
  });

  it.each(EMPTY)('reports claim "%s" as empty, and restores it empty', async (name) => {
    const backup = requests.find(({ status }) => status?.volume?.pvcName === name);
    expect(backup?.status).toMatchObject({ phase: 'Completed', result: { empty: true } });
    expect(backup?.status?.result?.snapshotID).toBeUndefined();
    const all = await movedRestores(story, story.unique('restore'));
    const one = all.find(({ spec }) => spec.destinationClaimRef.name === name);
    expect(one?.status).toMatchObject({ phase: 'Completed', restored: { empty: true } });
    expect(after.get(name)).toEqual({});
  });

  it('takes the snapshots by itself, and leaves none of them', async () => {
    expect(requests).toHaveLength(NAMES.length);
    for (const { spec, status } of requests) {
      const { kind, name } = spec.dataSourceRef;
      expect([kind, name]).toEqual(['PersistentVolumeClaim', status?.volume?.pvcName]);
      expect(status?.capture?.owned).toBe(true);
      expect(isStored(story.cluster, status!.capture!.snapshotHandle!)).toBe(false);
    }
    expect(await snapshotsIn(story, namespace)).toEqual({ snapshots: [], contents: [] });
  });

  it('restores the reclaim policy of every volume', async () => {
    const policies = await Promise.all(
      NAMES.map(async (name) => [name, (await volumeOf(name))?.spec.persistentVolumeReclaimPolicy]),
    );
    const expected = NAMES.map((name) => [name, name === 'retained' ? 'Retain' : 'Delete']);
    expect(policies).toEqual(expected);
  });

  it('restores the labels and annotations of the volume, except its topology labels', async () => {
    const { labels = {}, annotations } = (await volumeOf('retained'))!.metadata;
    expect(labels).toMatchObject({ tier: 'gold' });
    expect(labels).not.toHaveProperty(['topology.kubernetes.io/zone']);
    expect(annotations).toMatchObject(MARKS.annotations);
  });

  it('does not bring the dead volume of the retained claim back', async () => {
    expect(await story.kube.get(persistentVolumes, { name: lost })).toBeUndefined();
    expect((await claimOf('retained'))?.spec.volumeName).not.toBe(lost);
  });

  it('keeps the storage classes and access modes of the claims', async () => {
    for (const name of NAMES) {
      const { spec } = (await claimOf(name))!;
      const { storageClassName, accessModes = ['ReadWriteOnce'] } = CLAIMS[name]!;
      expect(spec).toMatchObject({ storageClassName, accessModes });
    }
  });

  it('leaves nothing behind', async () => {
    const restores = await movedRestores(story, story.unique('restore'));
    expect(restores).toHaveLength(NAMES.length);
    expect(await leftoversOf(story, [...requests, ...restores])).toEqual([]);
  });
});
