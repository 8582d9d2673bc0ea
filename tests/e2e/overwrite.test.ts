import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilBound, untilRunning, type Place } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import {
  backUp,
  describeRestore,
  movedBackups,
  movedRestores,
  restoreEnd,
  startRestore,
} from './support/velero.ts';
import { until, untilGone } from './support/wait.ts';

const OVERWRITE = [
  '--existing-resource-policy=update',
  `--annotations=${annotations.existingClaimPolicy}=Overwrite`,
];

/**
 * Claims whose data has changed since the backup. One is idle and its pod is restored too, one is in use, and the one of another
 * namespace is restored by hand.
 */
describe('restores into claims that contain data', () => {
  let story: Story;
  let phase: string;
  let name: string;
  const all: DataMoverRestore[] = [];
  const app: Place = { namespace: '', name: 'app' };
  const holder: Place = { namespace: '', name: 'holder' };
  const byHand: Place = { namespace: '', name: 'writer' };
  const former = new Map<Place, PersistentVolumeClaim>();

  const dataOf = ({ namespace, name }: Place): Place => ({ namespace, name: `data-of-${name}` });
  const claimOf = (place: Place): Promise<PersistentVolumeClaim | undefined> =>
    story.kube.get(persistentVolumeClaims, dataOf(place));
  const volumeOf = async (place: Place) =>
    story.kube.get(persistentVolumes, { name: (await claimOf(place))?.spec.volumeName ?? '' });
  const start = async (place: Place): Promise<void> => {
    const mounts = { '/data': dataOf(place).name };
    await story.apply(pod(place, story.cluster.images.busybox, { mounts }));
    await untilRunning(story, place);
  };
  const write = (place: Place, text: string): Promise<Buffer> =>
    story.exec(place, `rm -rf /data/*; echo ${text} > /data/${text}`);
  const read = async (place: Place): Promise<string> =>
    (await story.exec(place, 'cd /data; cat *')).toString();
  const stop = async (place: Place): Promise<void> => {
    await story.kube.delete(pods, place);
    await untilGone(story.kube, pods, place);
  };
  const restoreOf = (place: Place): DataMoverRestore =>
    all.find(
      ({ metadata, spec }) =>
        metadata.namespace === place.namespace && spec.destinationClaimRef.name === dataOf(place).name,
    )!;

  async function restoreByHand(backup: string): Promise<void> {
    const records = await movedBackups(story, backup);
    const record = records.find(({ metadata }) => metadata.namespace === byHand.namespace)!;
    const { result, volume } = record.status!;
    const key = { namespace: byHand.namespace, name: 'back' };
    await story.kube.create<DataMoverRestore>(dataMoverRestores, {
      apiVersion: apiVersionOf(dataMoverRestores),
      kind: dataMoverRestores.kind,
      metadata: key,
      spec: {
        destinationClaimRef: { name: dataOf(byHand).name },
        existingClaimPolicy: 'Overwrite',
        source: { backupName: record.metadata.name, result: result!, volume: volume! },
      },
    });
    // A pod that mounts the claim during the restore waits for the restored data.
    await until(story.kube, persistentVolumeClaims, dataOf(byHand), {
      to: 'to be out of use',
      when: ({ status }) => status?.phase === 'Lost',
    });
    const mounts = { '/data': dataOf(byHand).name };
    await story.apply(pod({ ...byHand, name: 'eager' }, story.cluster.images.busybox, { mounts }));
    all.push(
      await until(story.kube, dataMoverRestores, key, {
        to: 'to end',
        when: ({ status }) => status?.completionTimestamp !== undefined,
      }),
    );
  }

  beforeAll(async () => {
    story = await openStory('overwrite');
    app.namespace = holder.namespace = await story.makeNamespace('app');
    byHand.namespace = await story.makeNamespace('hand');
    const patient = await story.makeClass('patient', { deadlines: { destinationSeconds: 20 } });
    for (const place of [app, holder, byHand]) {
      const options = { annotations: askForClass(patient), labels: { of: place.name } };
      await story.apply(claim(dataOf(place), options));
    }
    await Promise.all([app, holder, byHand].map(start));
    await Promise.all([app, holder, byHand].map((place) => write(place, 'saved')));
    const backup = story.unique('backup');
    await backUp(story, backup, app.namespace, byHand.namespace);
    await Promise.all([app, holder, byHand].map((place) => write(place, 'newer')));
    for (const place of [app, holder, byHand]) former.set(place, (await claimOf(place))!);
    await Promise.all([app, byHand].map(stop));
    name = story.unique('restore');
    await startRestore(story, name, backup, '--include-namespaces', app.namespace, ...OVERWRITE);
    await Promise.all([restoreEnd(story, name).then((end) => (phase = end)), restoreByHand(backup)]);
    all.push(...(await movedRestores(story, name)));
  });

  afterAll(() => story.end());

  it('restore the data of an idle claim before its restored pod starts', async () => {
    await untilRunning(story, app);
    expect(await read(app)).toBe('saved\n');
    expect(restoreOf(app).status).toMatchObject({ phase: 'Completed', replaces: { outcome: 'Released' } });
  });

  it('fail for a claim in use, leave it unchanged, and name the pod that uses it', async () => {
    expect(await read(holder)).toBe('newer\n');
    const { failure } = restoreOf(holder).status!;
    expect(failure?.reason).toBe('DestinationInUse');
    expect(failure?.message).toContain('while it is used by pod holder; stop what uses it');
    expect((await claimOf(holder))?.metadata.uid).toBe(former.get(holder)?.metadata.uid);
    expect(phase).toBe('PartiallyFailed');
    expect(await describeRestore(story, name)).toContain('DestinationInUse');
  });

  it('can be created by hand, and keep a new pod waiting until the data is restored', async () => {
    expect(restoreOf(byHand).status).toMatchObject({ phase: 'Completed', replaces: { outcome: 'Released' } });
    const eager = { ...byHand, name: 'eager' };
    await untilRunning(story, eager);
    expect(await read(eager)).toBe('saved\n');
  });

  it('recreate the claim unchanged, except for its volume', async () => {
    for (const place of [app, byHand]) {
      const { metadata, spec } = await untilBound(story, dataOf(place));
      const before = former.get(place)!;
      expect(metadata.uid).not.toBe(before.metadata.uid);
      expect(metadata.labels).toMatchObject(before.metadata.labels!);
      expect(metadata.annotations).toMatchObject({
        [annotations.className]: before.metadata.annotations![annotations.className],
      });
      expect(metadata.annotations).not.toHaveProperty([annotations.replacedBy]);
      expect({ ...spec, volumeName: '' }).toEqual({ ...before.spec, volumeName: '' });
      expect((await volumeOf(place))?.spec.persistentVolumeReclaimPolicy).toBe('Delete');
    }
  });

  it('delete the former volume according to its reclaim policy, and leave nothing behind', async () => {
    for (const place of [app, byHand]) {
      const { volumeName = '' } = former.get(place)!.spec;
      expect(await story.kube.get(persistentVolumes, { name: volumeName })).toBeUndefined();
    }
    expect(await leftoversOf(story, all)).toEqual([]);
  });
});
