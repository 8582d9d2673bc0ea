import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { restic } from './support/restic.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, restore } from './support/velero.ts';

const LARGE = 24_000_000;
const SMALL = 100_000;

/** A day later only a little has changed; the first backup stays unchanged. */
describe('a second backup after a small change', () => {
  let story: Story;
  let app: Place;
  const manifests: Manifest[] = [];
  const requests: DataMoverBackup[] = [];
  /** Size of the repository after each backup, as restic itself counts. */
  const storedBytes: number[] = [];

  const backUpNow = async (name: string): Promise<void> => {
    manifests.push(await manifestOf(story, app));
    await backUp(story, story.unique(name), app.namespace);
    const [request] = await movedBackups(story, story.unique(name));
    requests.push(request!);
    const { total_size } = await restic<{ total_size: number }>(
      story.cluster,
      request!.status!.result!.repository,
      ['stats', '--mode', 'raw-data'],
    );
    storedBytes.push(total_size);
  };

  beforeAll(async () => {
    story = await openStory('second');
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'data' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(
      app,
      `cd /data; head -c ${LARGE} /dev/urandom > large; echo first > changing; echo x > going`,
    );
    await backUpNow('first');
    await story.exec(app, `cd /data; echo second > changing; rm going; head -c ${SMALL} /dev/urandom > new`);
    await backUpNow('second');
  });

  afterAll(() => story.end());

  it('uploads only the change, by the words of the mover', () => {
    const uploaded = requests.map(({ status }) => status!.result!.uploadedBytes!);
    expect(uploaded[0]).toBeGreaterThan(LARGE);
    expect(uploaded[1]).toBeGreaterThan(SMALL);
    expect(uploaded[1]).toBeLessThan(2 * SMALL);
  });

  it("uploads only the change, by restic's own numbers", () => {
    const [first = 0, second = 0] = storedBytes;
    expect(first).toBeGreaterThan(LARGE);
    expect(second - first).toBeGreaterThan(SMALL);
    expect(second - first).toBeLessThan(2 * SMALL);
  });

  it('records the id of the repository with the first backup already, although VolSync reports none', async () => {
    const results = requests.map(({ status }) => status!.result!);
    const { id } = await restic<{ id: string }>(story.cluster, results[0]!.repository, ['cat', 'config']);
    expect(results).toMatchObject([
      { mover: 'VolSync', repositoryID: id },
      { mover: 'VolSync', repositoryID: id },
    ]);
    expect(requests.map(({ status }) => status?.verification)).toEqual([undefined, undefined]);
  });

  it('keeps both snapshots in one repository', async () => {
    const [repository, second] = requests.map(({ status }) => status!.result!.repository);
    expect(second).toBe(repository);
    const snapshots = await restic<{ short_id: string }[]>(story.cluster, repository!, ['snapshots']);
    expect(snapshots.map(({ short_id }) => short_id)).toEqual(
      requests.map(({ status }) => status!.result!.snapshotID!.slice(0, 8)),
    );
  });

  it('restores the first contents from the first backup', async () => {
    await story.loseNamespace(app.namespace);
    await restore(story, { name: story.unique('restore'), from: story.unique('first') });
    await untilRunning(story, app);
    expect(differences(manifests[0]!, await manifestOf(story, app))).toEqual([]);
    expect(differences(manifests[0]!, manifests[1]!)).not.toEqual([]);
  });
});
