import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { volumeSnapshots, type VolumeSnapshot } from '../../api/kubernetes/snapshot.ts';
import { replicationSources, type ReplicationSource } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { claim, pod, untilBound, untilRunning, type Place } from './support/app.ts';
import { writesSince, type AuditedRequest } from './support/audit.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { leftoversOf } from './support/leftovers.ts';
import { record, type Recording } from './support/recording.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { backUp, logOf, movedBackups, movedRestores, restore, type LogLine } from './support/velero.ts';

/** A folder of the node, a volume of a driver that is read live, and one with a staging configuration of its own. */
const NAMES = ['folder', 'driver', 'shallow'];
const LIVE = ['folder', 'driver'];

/** One application with volumes of different StorageClasses, and one class with different settings for each of them. */
describe('a class with settings per StorageClass', () => {
  let story: Story;
  let namespace: string;
  let app: Place;
  let path: string;
  let requests: DataMoverBackup[];
  let log: LogLine[];
  let writes: AuditedRequest[];
  let volumesBefore: (PersistentVolume | undefined)[];
  let volumesAfter: (PersistentVolume | undefined)[];
  let staged: Recording<PersistentVolumeClaim>;
  let transfers: Recording<ReplicationSource>;
  let cuts: Recording<VolumeSnapshot>;
  const before = new Map<string, Manifest>();
  const after = new Map<string, Manifest>();

  const mounts = Object.fromEntries(NAMES.map((name) => [`/data/${name}`, name]));
  const volumeOf = async (name: string): Promise<PersistentVolume | undefined> => {
    const { spec } = (await story.kube.get(persistentVolumeClaims, { namespace, name }))!;
    return story.kube.get(persistentVolumes, { name: spec.volumeName ?? '' });
  };
  const requestOf = (name: string): DataMoverBackup =>
    requests.find(({ status }) => status?.volume?.pvcName === name)!;
  const childOf = (name: string): string => childName('backup', requestOf(name).metadata.uid!);
  const read = async (into: Map<string, Manifest>): Promise<void> => {
    for (const name of NAMES) into.set(name, await manifestOf(story, app, `/data/${name}`));
  };

  beforeAll(async () => {
    story = await openStory('classes');
    namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    const annotations = askForClass(
      await story.makeClass('class', {
        capture: 'SnapshotOrLive',
        storageClasses: {
          'csi-test-retain': { capture: 'Live' },
          'csi-test-wffc': {
            volumeSnapshotClassName: 'csi-test-retain',
            stagingStorageClassName: 'csi-test',
            stagingAccessModes: ['ReadOnlyMany'],
            config: {
              cacheCapacity: '128Mi',
              cacheStorageClassName: 'csi-test',
              moverResources: { requests: { memory: '64Mi' } },
            },
          },
        },
      }),
    );
    path = join(tmpdir(), story.unique('folder'));
    story.atEnd(() => rm(path, { recursive: true, force: true }));
    await story.make(folderVolume(story.unique('folder'), path, { namespace, name: 'folder' }));
    await story.apply(
      claim({ namespace, name: 'folder' }, { annotations }),
      claim({ namespace, name: 'driver' }, { annotations, storageClassName: 'csi-test-retain' }),
      claim({ namespace, name: 'shallow' }, { annotations, storageClassName: 'csi-test-wffc' }),
      pod(app, story.cluster.images.busybox, { mounts }),
    );
    await untilRunning(story, app);
    const write = (name: string): string =>
      `cd /data/${name}; mkdir sub; echo '${name}' > sub/file; chown 7:8 sub/file; chmod 640 sub/file`;
    await story.exec(app, NAMES.map(write).join('\n'));
    await read(before);
    volumesBefore = await Promise.all(LIVE.map(volumeOf));
    const retained = volumesBefore[1]!.metadata.name;
    story.atEnd(() => story.kube.delete(persistentVolumes, { name: retained }));

    staged = record(story.kube, persistentVolumeClaims, story.namespace);
    transfers = record(story.kube, replicationSources, story.namespace);
    cuts = record(story.kube, volumeSnapshots, namespace);
    const backup = story.unique('backup');
    const since = Date.now();
    await backUp(story, backup, namespace);
    [requests, log, writes] = await Promise.all([
      movedBackups(story, backup),
      logOf(story, 'backup', backup),
      writesSince(story.cluster, since),
    ]);
    volumesAfter = await Promise.all(LIVE.map(volumeOf));

    await story.loseNamespace(namespace);
    await restore(story, { name: story.unique('restore'), from: backup });
    await untilRunning(story, app);
    await Promise.all(NAMES.map((name) => untilBound(story, { namespace, name })));
    const restored = (await volumeOf('driver'))!.metadata.name;
    story.atEnd(() => story.kube.delete(persistentVolumes, { name: restored }));
    await read(after);
  });

  afterAll(async () => {
    for (const recording of [staged, transfers, cuts]) recording.stop();
    await story.end();
  });

  it.each(NAMES)('brings the data of claim "%s" back', (name) => {
    expect(Object.keys(before.get(name) ?? {})).toEqual(['sub', 'sub/file']);
    expect(differences(before.get(name)!, after.get(name)!)).toEqual([]);
  });

  it('records in the result whether the data was read live or at a point in time', () => {
    const said = NAMES.map((name) => [name, requestOf(name).status?.result?.consistency]);
    expect(Object.fromEntries(said)).toEqual({ folder: 'Live', driver: 'Live', shallow: 'PointInTime' });
  });

  it('warns of volumes that were read live, in the log of the backup', () => {
    const warned = log.filter(
      ({ level, text }) => level === 'warning' && text.includes('while it is in use'),
    );
    expect(warned.map(({ name, consistency }) => [name, consistency]).sort()).toEqual(
      [...LIVE].sort().map((name) => [name, 'Live']),
    );
  });

  it('reads them through a claim that is read-only, and takes no snapshot', () => {
    for (const name of LIVE) {
      const one = staged.versions.find(({ metadata }) => metadata.name === childOf(name));
      expect(one?.spec).toMatchObject({ accessModes: ['ReadOnlyMany'], storageClassName: '' });
    }
    expect(new Set(cuts.versions.map(({ spec }) => spec.source.persistentVolumeClaimName))).toEqual(
      new Set(['shallow']),
    );
  });

  it("writes nothing to the application's volumes, and their other names never own the data", () => {
    expect(volumesAfter).toEqual(volumesBefore);
    const ours = writes.filter(
      ({ resource, agent }) => resource === 'persistentvolumes' && agent.startsWith('datamover-controller'),
    );
    for (const name of LIVE) {
      const written = ours.filter((one) => one.name === childOf(name)).map(({ verb }) => verb);
      expect(new Set(written)).toEqual(new Set(['create', 'delete']));
    }
    const originals = volumesBefore.map((volume) => volume!.metadata.name);
    expect(ours.filter(({ name }) => originals.includes(name))).toEqual([]);
  });

  it('leaves the folder on the node unchanged after its volume and aliases are deleted', async () => {
    expect(await readFile(join(path, 'sub/file'), 'utf8')).toBe('folder\n');
  });

  it('stages and moves a volume with the settings of its StorageClass', () => {
    const child = childOf('shallow');
    const one = staged.versions.find(({ metadata }) => metadata.name === child);
    expect(one?.spec).toMatchObject({ accessModes: ['ReadOnlyMany'], storageClassName: 'csi-test' });
    expect(transfers.versions.find(({ metadata }) => metadata.name === child)?.spec.restic).toMatchObject({
      cacheCapacity: '128Mi',
      cacheStorageClassName: 'csi-test',
      moverResources: { requests: { memory: '64Mi' } },
    });
    expect(cuts.versions[0]?.spec.volumeSnapshotClassName).toBe('csi-test-retain');
    const plain = transfers.versions.find(({ metadata }) => metadata.name === childOf('folder'));
    expect(plain?.spec.restic?.cacheCapacity).toBe('1Gi');
  });

  it('leaves nothing behind', async () => {
    const restores = await movedRestores(story, story.unique('restore'));
    expect(restores).toHaveLength(NAMES.length);
    expect(await leftoversOf(story, [...requests, ...restores])).toEqual([]);
  });
});

/** Returns a volume that an administrator creates by hand for one claim. */
function folderVolume(
  name: string,
  path: string,
  { namespace, name: claimName }: Place,
): { apiVersion: string; kind: string; metadata: { name: string } } {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    ...{
      spec: {
        // If nothing is provisioned, the restored claim needs another class.
        storageClassName: 'csi-test',
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path, type: 'DirectoryOrCreate' },
        claimRef: { namespace, name: claimName },
      },
    },
  };
}
