import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../../api/kubernetes/core.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../../api/kubernetes/snapshot.ts';
import { backups } from '../../../api/velero/v1.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses } from '../../../api/datamover/v1alpha1/kinds.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { collect } from '../../../plugin/collect.ts';
import { claim, pod, untilRunning, type ClaimOptions, type Place } from '../support/app.ts';
import { differences, manifestOf, type Manifest } from '../support/data.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { isStored, loseSnapshot, snapshotsIn, storedSnapshot } from '../support/snapshots.ts';
import { askForClass, openStory, type Story } from '../support/story.ts';
import {
  backUp,
  describeRestore,
  movedBackups,
  movedRestores,
  restore,
  restoreEnd,
  startBackup,
  startRestore,
  storedObjects,
  untilBackedUp,
} from '../support/velero.ts';
import { until, untilGone } from '../support/wait.ts';

const wanted = askForClass('volsync');
const CLAIMS: Readonly<Record<string, ClaimOptions>> = {
  retained: { storageClassName: 'csi-test-retain', annotations: wanted },
  'first-consumer': { storageClassName: 'csi-test-wffc', annotations: wanted },
  'by-policy': { storageClassName: 'csi-test-retain', labels: { tier: 'ours' } },
  'opted-out': { labels: { [labels.dataMover]: 'false' } },
  classless: {},
};
const NAMES = Object.keys(CLAIMS);
/** Velero takes no snapshot of a volume if its policy has the action `custom`. */
const POLICY = `
version: v1
volumePolicies:
  - conditions: { pvcLabels: { tier: ours } }
    action: { type: custom, parameters: { datamover: oadp.openshift.io, dataMoverClass: volsync } }
`;
const MOVED = ['by-policy', 'first-consumer', 'retained'];
/** Left to Velero. */
const LOCAL = ['classless', 'opted-out'];
const RETAINED = ['by-policy', 'retained'];
const SNAPSHOTTED = NAMES.filter((name) => name !== 'by-policy');
/** Its snapshot is lost together with the cluster; the others are kept until the backup is deleted. */
const DEAD = 'retained';

/**
 * Velero's own CSI support takes the snapshots, and the data mover moves some of them: one application has claims of both kinds.
 * Another one is backed up with the mover off.
 */
describe("Velero's CSI support", () => {
  let story: Story;
  let app: Place;
  let plain: Place;
  let backup: string;
  let requests: DataMoverBackup[];
  let stored: ReadonlyMap<string, Resource>;
  /** The volumes of the application at the time of the backup. */
  let volumes: PersistentVolume[];
  const before = new Map<string, Manifest>();

  const turn = (enable: 'true' | 'false'): Promise<unknown> =>
    story.kube.mergePatch(
      configMaps,
      { namespace: story.namespace, name: 'data-mover' },
      { data: { enable } },
    );
  const startPod = async (place: Place, names: readonly string[]): Promise<void> => {
    const mounts = Object.fromEntries(names.map((name) => [`/data/${name}`, name]));
    await story.apply(pod(place, story.cluster.images.busybox, { mounts }));
    await untilRunning(story, place);
  };
  const claimsOf = (namespace: string): Promise<PersistentVolumeClaim[]> =>
    collect(story.kube.list(persistentVolumeClaims, { namespace }));
  const volumesOf = async (namespace: string): Promise<PersistentVolume[]> => {
    const all = await collect(story.kube.list(persistentVolumes));
    return all.filter(({ spec }) => spec.claimRef?.namespace === namespace);
  };
  const requestOf = (name: string): DataMoverBackup =>
    requests.find(({ status }) => status?.volume?.pvcName === name)!;
  const handleOf = (name: string): string => storedSnapshot(stored, name)!.handle;

  beforeAll(async () => {
    story = await openStory('csi');
    await story.cluster.setVeleroFeatures('EnableCSI');
    story.atEnd(() => story.cluster.setVeleroFeatures(''));
    await takeDefaultAway();
    story.atEnd(() => turn('true'));
    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    plain = { namespace: await story.makeNamespace('plain'), name: 'plain' };
    await makeApplications();
    await takeOwnSnapshot();
    backup = story.unique('backup');
    await backUpBoth();
  });

  afterAll(() => story.end());

  /** Removes the default StorageClass, so that a claim that names no class has none. */
  async function takeDefaultAway(): Promise<void> {
    const set = (value: string | null): Promise<unknown> =>
      story.kube.mergePatch(
        dataMoverClasses,
        { name: 'volsync' },
        { metadata: { annotations: { [annotations.defaultClass]: value } } },
      );
    await set(null);
    story.atEnd(() => set('true'));
  }

  async function makeApplications(): Promise<void> {
    const data = { namespace: plain.namespace, name: 'data' };
    await story.apply(
      ...NAMES.map((name) => claim({ namespace: app.namespace, name }, CLAIMS[name])),
      claim(data, { annotations: wanted }),
    );
    await Promise.all([startPod(app, NAMES), startPod(plain, ['data'])]);
    const write = NAMES.map(
      (name) => `cd /data/${name}; mkdir sub; echo ${name} > sub/file; chown 7:8 sub/file`,
    );
    await story.exec(app, write.join('\n'));
    await story.exec(plain, 'echo plain > /data/data/file');
    for (const name of NAMES) before.set(name, await manifestOf(story, app, `/data/${name}`));
    volumes = await volumesOf(app.namespace);
  }

  /** Takes the user's own snapshot of a claim whose data is moved. */
  async function takeOwnSnapshot(): Promise<void> {
    const key = { namespace: app.namespace, name: 'own' };
    await story.apply({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: key,
      spec: { source: { persistentVolumeClaimName: 'first-consumer' } },
    });
    const when = {
      to: 'to be ready',
      when: ({ status }: { status?: { readyToUse?: boolean } }) => status?.readyToUse === true,
    };
    await until(story.kube, volumeSnapshots, key, when);
  }

  /**
   * Runs both backups. The mover is turned off when the first move of the first backup has started; the second backup starts
   * after that.
   */
  async function backUpBoth(): Promise<void> {
    const policy = { namespace: story.namespace, name: story.unique('policy') };
    await story.make({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: policy,
      ...{ data: { 'policy.yaml': POLICY } },
    });
    await startBackup(story, backup, [app.namespace], '--resource-policies-configmap', policy.name);
    const begun = async (): Promise<boolean> => (await movedBackups(story, backup)).length > 0;
    await waitUntil('the first DataMoverBackup', begun, { timeoutMs: 120_000 });
    await turn('false');
    await Promise.all([untilBackedUp(story, backup), backUp(story, story.unique('plain'), plain.namespace)]);
    requests = await movedBackups(story, backup);
    stored = await storedObjects(story, backup);
  }

  describe('in a backup', () => {
    it('hands the snapshots of the claims that are to be moved to the data mover', () => {
      expect(requests.map(({ status }) => status?.volume?.pvcName).sort()).toEqual(MOVED);
      for (const name of MOVED.filter((one) => SNAPSHOTTED.includes(one))) {
        const { snapshot, handle } = storedSnapshot(stored, name)!;
        const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' };
        expect(snapshot.metadata.name).toMatch(new RegExp(`^velero-${name}-`));
        expect(requestOf(name)).toMatchObject({
          spec: { dataSourceRef: { ...source, name: snapshot.metadata.name } },
          status: { phase: 'Completed', capture: { owned: false, snapshotHandle: handle } },
        });
      }
    });

    it('moves a claim of which Velero took no snapshot from the claim', () => {
      expect(storedSnapshot(stored, 'by-policy')).toBeUndefined();
      expect(requestOf('by-policy')).toMatchObject({
        spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'by-policy' } },
        status: { phase: 'Completed', capture: { owned: true } },
      });
    });

    it.each(NAMES)(
      'marks what is stored of claim "%s" if its data was moved, also with the mover off by then',
      (name) => {
        const pvc = stored.get(`persistentvolumeclaims/${app.namespace}/${name}`) as PersistentVolumeClaim;
        const volume = stored.get(`persistentvolumes/${pvc.spec.volumeName!}`)!;
        const { snapshot, content } = storedSnapshot(stored, name) ?? {};
        const objects = [pvc, volume, snapshot, content].filter((one) => one !== undefined);
        expect(objects).toHaveLength(SNAPSHOTTED.includes(name) ? 4 : 2);
        const mark = MOVED.includes(name) ? `${app.namespace}/${requestOf(name).metadata.name}` : undefined;
        for (const { kind, metadata } of objects)
          expect([kind, metadata.annotations?.[annotations.movedBy]]).toEqual([kind, mark]);
      },
    );

    it('leaves the snapshots in the storage system, and in the cluster that of the user', async () => {
      expect(SNAPSHOTTED.filter((name) => isStored(story.cluster, handleOf(name)))).toEqual(SNAPSHOTTED);
      const { snapshots, contents } = await snapshotsIn(story, app.namespace);
      expect(snapshots.map(({ metadata }) => metadata.name)).toEqual(['own']);
      expect(contents.map(({ spec }) => spec.volumeSnapshotRef.name)).toEqual(['own']);
      expect([...stored.keys()].filter((path) => path.endsWith('/own'))).toEqual([]);
    });

    it('leaves nothing of the data mover behind', async () => {
      expect(await leftoversOf(story, requests)).toEqual([]);
    });
  });

  describe('in a restore with the mover off', () => {
    let copy: string;
    let phase: string;
    let described: string;

    beforeAll(async () => {
      copy = await story.makeNamespace('copy');
      const name = story.unique('off');
      const options = ['--namespace-mappings', `${app.namespace}:${copy}`, '--exclude-resources', 'pods'];
      await startRestore(story, name, backup, ...options);
      phase = await restoreEnd(story, name);
      described = await describeRestore(story, name);
      story.atEnd(() => removeKept(copy));
    });

    it.each(MOVED)('fails for the moved claim "%s", and explains how to turn the mover on', (name) => {
      expect(phase).toBe('PartiallyFailed');
      const said = described
        .split('\n')
        .find((line) => line.includes(`${app.namespace}/${name} is in DataMoverBackup`));
      expect(said).toContain(
        `the data mover is off in namespace ${story.namespace} (data.enable of ConfigMap`,
      );
      expect(said).toContain('to restore it, set spec.features.dataMover.enable: true');
    });

    it('restores the others as Velero does, each from its snapshot', async () => {
      expect((await claimsOf(copy)).map(({ metadata }) => metadata.name)).toEqual(LOCAL);
      const reader = { namespace: copy, name: 'reader' };
      await startPod(reader, LOCAL);
      for (const name of LOCAL)
        expect(differences(before.get(name)!, await manifestOf(story, reader, `/data/${name}`))).toEqual([]);
      await expectNoSnapshotsBut(LOCAL, copy);
    });
  });

  describe('in a restore after everything was lost', () => {
    const name = (): string => story.unique('restore');
    const plainName = (): string => story.unique('plain');

    beforeAll(async () => {
      await Promise.all([app, plain].map(({ namespace }) => story.loseNamespace(namespace)));
      for (const { metadata } of volumes) await story.kube.delete(persistentVolumes, { name: metadata.name });
      await loseSnapshot(story.cluster, handleOf(DEAD));
      await turn('true');
      await Promise.all([
        restore(story, { name: name(), from: backup }),
        restore(story, { name: plainName(), from: plainName() }),
      ]);
      for (const { namespace } of [app, plain]) story.atEnd(() => removeKept(namespace));
      await untilRunning(story, app);
    });

    it.each(NAMES)('brings the data of claim "%s" back', async (one) => {
      expect(Object.keys(before.get(one)!)).toEqual(['sub', 'sub/file']);
      expect(differences(before.get(one)!, await manifestOf(story, app, `/data/${one}`))).toEqual([]);
    });

    it('restores only the moved claims through the data mover', async () => {
      const restores = await movedRestores(story, name());
      expect(restores.map(({ spec }) => spec.destinationClaimRef.name).sort()).toEqual(MOVED);
      expect(await leftoversOf(story, restores)).toEqual([]);
    });

    it('brings back no volume of old, and no snapshot but those that Velero restores from', async () => {
      const now = await volumesOf(app.namespace);
      const old = volumes.map(({ metadata }) => metadata.name);
      expect(now.map(({ metadata }) => metadata.name).filter((one) => old.includes(one))).toEqual([]);
      const policies = now.map(({ spec }) => [spec.claimRef!.name, spec.persistentVolumeReclaimPolicy]);
      expect(Object.fromEntries(policies)).toEqual(
        Object.fromEntries(NAMES.map((one) => [one, RETAINED.includes(one) ? 'Retain' : 'Delete'])),
      );
      await expectNoSnapshotsBut(LOCAL, app.namespace);
    });

    it('restores what was backed up with the mover off as Velero does', async () => {
      await untilRunning(story, plain);
      expect((await story.exec(plain, 'cat /data/data/file')).toString()).toBe('plain\n');
      expect(await movedRestores(story, plainName())).toEqual([]);
    });
  });

  describe('in the deletion of the backup', () => {
    it('deletes the snapshots of all claims', async () => {
      const left = (): string[] => SNAPSHOTTED.filter((name) => isStored(story.cluster, handleOf(name)));
      expect(left()).toEqual(SNAPSHOTTED.filter((name) => name !== DEAD));
      await story.cluster.velero(['backup', 'delete', backup, '--confirm']);
      await untilGone(story.kube, backups, { namespace: story.namespace, name: backup });
      await waitUntil('the snapshots to go', () => left().length === 0, { timeoutMs: 120_000 });
    });
  });

  /** Expects that exactly these claims of the namespace were created from snapshots, and that it has no other snapshots. */
  async function expectNoSnapshotsBut(names: readonly string[], namespace: string): Promise<void> {
    const { snapshots, contents } = await snapshotsIn(story, namespace);
    const restored = (await claimsOf(namespace)).filter(({ spec }) => spec.dataSource !== undefined);
    expect(restored.map(({ metadata }) => metadata.name)).toEqual(names);
    const sources = restored.map(({ spec }) => spec.dataSource!.name).sort();
    expect(snapshots.map(({ metadata }) => metadata.name).sort()).toEqual(sources);
    const handles = names.map(handleOf).sort();
    expect(contents.map(({ status }) => status?.snapshotHandle).sort()).toEqual(handles);
  }

  /** Deletes what is kept when a namespace is deleted: contents that Velero retains, and a volume with reclaim policy Retain. */
  async function removeKept(namespace: string): Promise<void> {
    const { contents } = await snapshotsIn(story, namespace);
    for (const { metadata } of contents)
      await story.kube.delete(volumeSnapshotContents, { name: metadata.name });
    for (const { metadata, spec } of await volumesOf(namespace)) {
      if (spec.persistentVolumeReclaimPolicy === 'Retain')
        await story.kube.delete(persistentVolumes, { name: metadata.name });
    }
  }
});
