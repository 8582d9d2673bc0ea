import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { backups } from '../../api/velero/v1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { DataMoverPrune } from '../../api/datamover/v1alpha1/data-mover-prune.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverPrunes,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { waitUntil } from '../../hack/cluster/wait.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { untilEvents } from './support/events.ts';
import { leftoversOf } from './support/leftovers.ts';
import { restic, storeFile, storedBytes, storedFiles } from './support/restic.ts';
import { resticSecret, RESTIC_PASSWORD } from './support/setup.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, movedRestores, restore, storedObjects } from './support/velero.ts';
import { until, untilGone } from './support/wait.ts';

const NAMES = ['first', 'second', 'third'];

/** A file of another repository below the folder of this one, in a subfolder that this one has too. */
const NESTED = 'keys/c1/app/data/config';

/**
 * Three backups of one volume. The label that keeps a record out of other backups was removed from the record of the first one.
 * Each backup ends differently: the third is deleted while the password is wrong; the first expires; then the application and all
 * objects in the cluster but the backups are lost; the second, whose older and newer neighbors were removed and pruned, is
 * restored and deleted. Last, the class is set to remove empty repositories, and the volume is backed up once more.
 */
describe('backups of one volume, and their ends', () => {
  let story: Story;
  let app: Place;
  let secret: string;
  const manifests = new Map<string, Manifest>();
  const requests = new Map<string, DataMoverBackup>();
  const stored = new Map<string, ReadonlyMap<string, Resource>>();
  /** By the name of the deleted backup: the requests, the snapshots that were left, and the total size of the repository. */
  const removals = new Map<string, { asked: DataMoverDelete[]; left: string[]; bytes: number }>();
  let bytesBefore: number;
  let restores: DataMoverRestore[];
  let restored: Manifest;
  /** The backups whose records existed in the cluster after the third was deleted. */
  let survivors: string[];
  /** The request that deletes the third backup, as it was while the password was wrong. */
  let failing: DataMoverDelete;
  /** The files of the repository when no snapshot was left: before and after its removal, and after another backup. */
  const files: Record<'kept' | 'removed' | 'anew', string[]> = { kept: [], removed: [], anew: [] };
  let removal: DataMoverPrune;

  const shortIdOf = (name: string): string => requests.get(name)!.status!.result!.snapshotID!.slice(0, 8);
  const recordKeyOf = (name: string): string =>
    `datamoverbackups.oadp.openshift.io/${app.namespace}/${requests.get(name)!.metadata.name}`;

  const backUpNow = async (name: string): Promise<void> => {
    await story.exec(app, `cd /data; echo ${name} > file; head -c 2000000 /dev/urandom > ${name}`);
    manifests.set(name, await manifestOf(story, app));
    await backUp(story, story.unique(name), app.namespace);
    const [request] = await movedBackups(story, story.unique(name));
    requests.set(name, request!);
    stored.set(name, await storedObjects(story, story.unique(name)));
  };

  const keepSecret = (password: string): Promise<void> =>
    story.make(resticSecret(story.cluster, { name: secret, RESTIC_PASSWORD: password }));
  const snapshotIDs = async (): Promise<string[]> => {
    const { repository } = requests.get('first')!.status!.result!;
    const found = await restic<{ short_id: string }[]>(story.cluster, repository, ['snapshots']);
    return found.map(({ short_id }) => short_id);
  };
  const recordsInCluster = async (): Promise<string[]> => {
    const found = await Promise.all(
      NAMES.map((name) => story.kube.get(dataMoverBackups, keyOf(requests.get(name)!))),
    );
    return NAMES.filter((_, index) => found[index] !== undefined);
  };
  const bytesNow = (): number =>
    storedBytes(story.cluster, requests.get('first')!.status!.result!.repository);
  const prunes = async (): Promise<DataMoverPrune[]> => {
    const found: DataMoverPrune[] = [];
    for await (const one of story.kube.list(dataMoverPrunes, { namespace: story.namespace })) found.push(one);
    return found.filter(({ spec }) => spec.repository === requests.get('first')!.status!.result!.repository);
  };
  const isThrough = ({ status }: DataMoverPrune): boolean => status?.phase === 'Completed';
  const askedFor = async (name: string): Promise<DataMoverDelete[]> => {
    const found: DataMoverDelete[] = [];
    const labelSelector = `${labels.veleroBackupName}=${story.unique(name)}`;
    for await (const one of story.kube.list(dataMoverDeletes, { namespace: story.namespace, labelSelector }))
      found.push(one);
    return found;
  };

  /** Waits until Velero has deleted a backup and its data is removed. */
  const untilRemoved = async (name: string): Promise<void> => {
    await untilGone(story.kube, backups, { namespace: story.namespace, name: story.unique(name) });
    for (const request of await askedFor(name))
      await until(story.kube, dataMoverDeletes, keyOf(request), {
        to: 'to be Completed',
        when: ({ status }) => status?.phase === 'Completed',
      });
    await waitUntil('the repository to be pruned', async () => (await prunes()).every(isThrough), {
      timeoutMs: 120_000,
    });
    removals.set(name, { asked: await askedFor(name), left: await snapshotIDs(), bytes: bytesNow() });
  };

  beforeAll(async () => {
    story = await openStory('deletion');
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    secret = story.unique('secret');
    await keepSecret(RESTIC_PASSWORD);
    const own = await story.makeClass('own', {
      config: {
        resticSecret: { name: secret },
        resticImage: story.cluster.images.volsyncRestic,
        rcloneImage: story.cluster.images.rclone,
      },
      // Each deletion is followed by its prune.
      repositories: { pruneIntervalSeconds: 0 },
    });
    await story.apply(
      claim({ namespace, name: 'data' }, { annotations: askForClass(own) }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await backUpNow('first');
    const unlabelled = { metadata: { labels: { [labels.veleroExclude]: null } } };
    await story.kube.mergePatch(dataMoverBackups, keyOf(requests.get('first')!), unlabelled);
    await backUpNow('second');
    await backUpNow('third');
    expect(await snapshotIDs()).toEqual(NAMES.map(shortIdOf));
    bytesBefore = bytesNow();

    await keepSecret('forgotten');
    await story.cluster.velero(['backup', 'delete', story.unique('third'), '--confirm']);
    await waitUntil('the removal to be asked for', async () => (await askedFor('third')).length > 0, {
      timeoutMs: 120_000,
    });
    failing = await until(story.kube, dataMoverDeletes, keyOf((await askedFor('third'))[0]!), {
      to: 'to have failed once',
      when: ({ status }) => status?.phase === 'Retrying',
    });
    await keepSecret(RESTIC_PASSWORD);
    await untilRemoved('third');
    survivors = await recordsInCluster();

    const expired = { status: { expiration: '2026-01-01T00:00:00Z' } };
    const first = { namespace: story.namespace, name: story.unique('first') };
    await story.kube.mergePatch(backups, first, expired);
    await untilRemoved('first');

    // The originals of the records are deleted with the namespace: from here on the cluster is equivalent to a new one.
    await story.loseNamespace(namespace);
    await restore(story, { name: story.unique('restore'), from: story.unique('second') });
    await untilRunning(story, app);
    restores = await movedRestores(story, story.unique('restore'));
    restored = await manifestOf(story, app);

    await story.cluster.velero(['backup', 'delete', story.unique('second'), '--confirm']);
    await untilRemoved('second');

    const { repository } = requests.get('first')!.status!.result!;
    files.kept = storedFiles(story.cluster, repository);
    storeFile(story.cluster, `${repository}-2`, 'config');
    storeFile(story.cluster, repository, NESTED);
    await story.kube.mergePatch(
      dataMoverClasses,
      { name: own },
      { spec: { repositories: { removeEmpty: true } } },
    );
    const prune = { namespace: story.namespace, name: story.unique('removal') };
    await story.apply({
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverPrune',
      metadata: prune,
      spec: { dataMoverClass: own, mover: 'VolSync', repository },
    });
    removal = await until(story.kube, dataMoverPrunes, prune, {
      to: 'to be Completed',
      when: ({ status }) => status?.phase === 'Completed',
    });
    files.removed = storedFiles(story.cluster, repository);
    await backUpNow('fourth');
    files.anew = storedFiles(story.cluster, repository);
  });

  afterAll(() => story.end());

  it('are stored with the record of their own, and no other', () => {
    for (const name of NAMES) expect([...stored.get(name)!.keys()]).toContain(recordKeyOf(name));
    expect([...stored.get('third')!.keys()]).not.toContain(recordKeyOf('second'));
  });

  it('contain the result of the move in that record', () => {
    for (const name of NAMES)
      expect(stored.get(name)!.get(recordKeyOf(name))).toMatchObject({
        status: { phase: 'Completed', result: requests.get(name)!.status!.result },
      });
  });

  it('may contain the record of another backup that lost its label', () => {
    expect([...stored.get('second')!.keys()]).toContain(recordKeyOf('first'));
  });

  it('are restored by their own record alone, and none is restored itself', async () => {
    expect(restores.map(({ spec }) => spec.source?.backupName)).toEqual([
      requests.get('second')!.metadata.name,
    ]);
    expect(differences(manifests.get('second')!, restored)).toEqual([]);
    expect(await recordsInCluster()).toEqual([]);
  });

  it.each([
    ['is deleted', 'third', ['first', 'second']],
    ['expires', 'first', ['second']],
    ['is deleted where nothing but the backup knows of it', 'second', []],
  ])('take their own data along, and no other, when one %s', (_, name, left) => {
    const { asked, left: ids } = removals.get(name)!;
    expect(asked.map(({ spec }) => spec.result)).toEqual([requests.get(name)!.status!.result]);
    expect(ids).toEqual(left.map(shortIdOf));
  });

  it('free the storage that no other backup uses once the repository is pruned', () => {
    const left = (name: string): number => removals.get(name)!.bytes;
    // The third saved a file of 2 MB that no other has; the second also needs what the first saved.
    expect(bytesBefore - left('third')).toBeGreaterThan(1_900_000);
    expect(left('first')).toBeGreaterThan(3_900_000);
    expect(left('second')).toBeLessThan(10_000);
  });

  it('leave an empty repository; only its own files are removed if the class requires it', () => {
    expect(files.kept).toEqual(['config', expect.stringMatching(/^keys\/[0-9a-f]{64}$/)]);
    expect(removal.status).toMatchObject({ snapshots: 0, removedAt: expect.any(String) });
    expect(removal.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'RepositoryRemoved', status: 'True' }),
    );
    expect(files.removed).toEqual([NESTED]);
    const { repository } = requests.get('first')!.status!.result!;
    expect(storedFiles(story.cluster, `${repository}-2`)).toEqual(['config']);
  });

  it('can be followed by another backup, which creates a new repository', async () => {
    expect(requests.get('fourth')?.status?.phase).toBe('Completed');
    expect(files.anew).toContain('config');
    expect(await snapshotIDs()).toEqual([shortIdOf('fourth')]);
  });

  it('take their record in the cluster along, and no other', () => {
    expect(survivors).toEqual(['first', 'second']);
  });

  it('report why their data remains, and remove it after the cause is corrected', async () => {
    expect(failing.status?.lastFailure).toMatchObject({
      reason: 'WrongPassword',
      message: expect.stringContaining(`${story.namespace}/${secret}`),
    });
    expect(failing.status?.message).toBe(failing.status?.lastFailure?.message);
    await untilEvents(story, story.namespace, [
      `DataMoverDelete/${failing.metadata.name}: DataMoverWarning`,
      `DataMoverDelete/${failing.metadata.name}: DataMoverCompleted`,
    ]);
  });

  it('leave nothing of their removals behind', async () => {
    const all = [...removals.values()].flatMap(({ asked }) => asked);
    expect(await leftoversOf(story, all)).toEqual([]);
  });
});
