import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { claim, pod, untilRunning } from './support/app.ts';
import { differences, manifestOf, RICH_DATA, type Manifest } from './support/data.ts';
import { untilEvents } from './support/events.ts';
import { leftoversOf } from './support/leftovers.ts';
import { openStory, type Story } from './support/story.ts';
import {
  backUp,
  describeBackup,
  movedBackups,
  movedRestores,
  restore,
  storedObjects,
} from './support/velero.ts';

/** The main story: after a backup, the loss of everything and a restore, every file is unchanged. */
describe('an application with all kinds of files', () => {
  let story: Story;
  let app: { namespace: string; name: string };
  let gold: string;
  let backup: string;
  let requests: DataMoverBackup[];
  let before: Manifest;

  const requestOf = (pvc: string): DataMoverBackup =>
    requests.find(({ status }) => status?.volume?.pvcName === pvc)!;

  beforeAll(async () => {
    story = await openStory('rich');
    backup = story.unique('backup');
    gold = await story.makeClass('gold', { selector: story.unique('tier') });
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'labelled' }, { labels: { [story.unique('tier')]: '' } }),
      claim({ namespace, name: 'plain' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'labelled', '/plain': 'plain' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, RICH_DATA);
    await story.exec(app, `echo 'of the default class' > /plain/file; sync`);
    before = await manifestOf(story, app);
    await backUp(story, backup, namespace);
    requests = await movedBackups(story, backup);
  });

  afterAll(() => story.end());

  it('has links, modes, owners and odd names before the backup', () => {
    expect(Object.keys(before).length).toBeGreaterThan(230);
    expect(before['setuid']).toMatchObject({ mode: '4755', uid: 1234, gid: 5678 });
    expect(before['hard-link']?.hardLinks).toEqual(['deep/another-hard-link', 'plain.txt']);
    expect(before['new\nline']).toMatchObject({ type: 'file', size: 10 });
  });

  it('sends the labelled claim to its class, and the other one to the default class', () => {
    expect(requestOf('labelled').status).toMatchObject({ phase: 'Completed', dataMoverClass: gold });
    expect(requestOf('plain').status).toMatchObject({ phase: 'Completed', dataMoverClass: 'volsync' });
  });

  it('shows the bytes in the status and in "velero backup describe"', async () => {
    const { progress, result } = requestOf('labelled').status!;
    expect(progress).toMatchObject({ bytesDone: result?.bytes, totalBytes: result?.bytes });
    expect(result?.bytes).toBeGreaterThan(20_000_000);
    const described = await describeBackup(story, backup);
    expect(described).toContain(`${String(result?.bytes)} of ${String(result?.bytes)} complete (Bytes)`);
  });

  it('records the repository and the snapshot of the data in the Velero backup', async () => {
    const stored = await storedObjects(story, backup);
    for (const { metadata, status } of requests) {
      const path = `datamoverbackups.oadp.openshift.io/${app.namespace}/${metadata.name}`;
      const record = stored.get(path) as DataMoverBackup;
      expect(record.status).toMatchObject({ phase: 'Completed', result: status?.result });
      expect(record.status?.result?.snapshotID).toMatch(/^[0-9a-f]{8,}$/);
    }
  });

  it('reports Events on the request, the claim, the snapshot and the Velero backup', async () => {
    const { metadata, status } = requestOf('labelled');
    const snapshot = `VolumeSnapshot/${status!.capture!.volumeSnapshot!}`;
    await untilEvents(story, app.namespace, [
      `DataMoverBackup/${metadata.name}: DataCaptured`,
      `${snapshot}: DataCaptured`,
      `DataMoverBackup/${metadata.name}: DataMoverStarted`,
      `${snapshot}: DataMoverStarted`,
      `DataMoverBackup/${metadata.name}: DataMoverCompleted`,
      `PersistentVolumeClaim/labelled: DataMoverCompleted`,
      `${snapshot}: DataMoverCompleted`,
    ]);
    await untilEvents(story, story.namespace, [`Backup/${backup}: DataMoverCompleted`]);
  });

  it('leaves nothing behind after the backup', async () => {
    expect(await leftoversOf(story, requests)).toEqual([]);
  });

  describe('lost and restored', () => {
    let name: string;

    beforeAll(async () => {
      name = story.unique('restore');
      await story.loseNamespace(app.namespace);
      await restore(story, { name, from: backup });
      await untilRunning(story, app);
    });

    it('has every file as it was', async () => {
      expect(differences(before, await manifestOf(story, app))).toEqual([]);
      const plain = await story.exec(app, 'cat /plain/file');
      expect(plain.toString()).toBe('of the default class\n');
    });

    it('reports Events on the request, the claim and the Velero restore', async () => {
      const [one] = await movedRestores(story, name);
      await untilEvents(story, app.namespace, [
        `DataMoverRestore/${one!.metadata.name}: DataMoverCompleted`,
        `PersistentVolumeClaim/${one!.spec.destinationClaimRef.name}: DataMoverCompleted`,
      ]);
      await untilEvents(story, story.namespace, [`Restore/${name}: DataMoverCompleted`]);
    });

    it('leaves nothing behind after the restore', async () => {
      const restores = await movedRestores(story, name);
      expect(restores.map(({ status }) => status?.phase)).toEqual(['Completed', 'Completed']);
      expect(await leftoversOf(story, restores)).toEqual([]);
    });
  });
});
