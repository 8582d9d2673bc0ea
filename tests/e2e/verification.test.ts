import { readdirSync, statSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { apiVersionOf, keyOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { collect } from '../../plugin/collect.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { leftoversOf } from './support/leftovers.ts';
import { restic } from './support/restic.ts';
import { openStory, type Story } from './support/story.ts';
import { until } from './support/wait.ts';

/**
 * A volume is backed up and restored by a class that verifies all of it. Then the store loses a bit of what the first backup has
 * saved. The second backup refers to the same data, so it uploads almost nothing, and restic reports no error.
 */
describe('a class that requires verification', () => {
  let story: Story;
  let app: Place;
  let copy: Place;
  let before: Manifest;
  let after: Manifest;
  let sound: DataMoverBackup;
  let restored: DataMoverRestore;
  let rotten: DataMoverBackup;
  let removals: DataMoverDelete[];
  let left: string[];

  const isOver = ({ status }: { status?: { completionTimestamp?: string | undefined } }): boolean =>
    status?.completionTimestamp !== undefined;

  const backUp = async (name: string): Promise<DataMoverBackup> => {
    await story.apply({
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name, namespace: app.namespace },
      spec: {
        dataMoverClass: story.unique('sure'),
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' },
      },
    });
    const key = { namespace: app.namespace, name };
    return until(story.kube, dataMoverBackups, key, { to: 'to end', timeoutMs: 240_000, when: isOver });
  };

  const restore = async ({ metadata, status }: DataMoverBackup): Promise<DataMoverRestore> => {
    const { dataMoverClass, result, volume } = status!;
    const key = { namespace: app.namespace, name: 'back' };
    await story.apply(
      {
        ...claim({ namespace: app.namespace, name: 'copy' }),
        spec: {
          storageClassName: 'csi-test',
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
          selector: { matchLabels: { [labels.restoredBy]: key.name } },
        },
      },
      {
        apiVersion: apiVersionOf(dataMoverRestores),
        kind: dataMoverRestores.kind,
        metadata: key,
        spec: {
          destinationClaimRef: { name: 'copy' },
          source: {
            backupName: metadata.name,
            backupNamespace: metadata.namespace,
            dataMoverClass,
            result,
            volume,
          },
        },
      },
    );
    return until(story.kube, dataMoverRestores, key, { to: 'to end', timeoutMs: 240_000, when: isOver });
  };

  /** Flips a bit in the largest file of a repository, which contains data. */
  const damage = async (repository: string): Promise<void> => {
    const { config, s3 } = story.cluster;
    const folder = join(config.paths.s3, s3.buckets.datamover, 'restic', repository, 'data');
    const packs = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort((one, other) => statSync(other).size - statSync(one).size);
    const [largest = ''] = packs;
    const bytes = await readFile(largest);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await chmod(largest, 0o644);
    await writeFile(largest, bytes);
  };

  const snapshotsOf = async (repository: string): Promise<string[]> => {
    const found = await restic<{ short_id: string }[]>(story.cluster, repository, ['snapshots']);
    return found.map(({ short_id }) => short_id);
  };

  beforeAll(async () => {
    story = await openStory('verification');
    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    copy = { namespace: app.namespace, name: 'copy' };
    await story.makeClass('sure', {
      verify: 'Data',
      config: {
        resticSecret: { name: 'restic-config' },
        resticImage: story.cluster.images.volsyncRestic,
      },
    });
    const { busybox } = story.cluster.images;
    await story.apply(
      claim({ namespace: app.namespace, name: 'data' }),
      pod(app, busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(
      app,
      'cd /data; head -c 3000000 /dev/urandom > large; mkdir -p a/b; echo x > a/b/small; ln a/b/small again; ln -s again link; mkfifo pipe',
    );
    before = await manifestOf(story, app);
    sound = await backUp('sound');
    restored = await restore(sound);
    await story.apply(pod(copy, busybox, { mounts: { '/data': 'copy' } }));
    await untilRunning(story, copy);
    after = await manifestOf(story, copy);

    await damage(sound.status!.result!.repository);
    rotten = await backUp('rotten');
    const asked = await collect(story.kube.list(dataMoverDeletes, { namespace: story.namespace }));
    removals = await Promise.all(
      asked
        .filter(({ spec }) => spec.backupNamespace === app.namespace)
        .map((one) =>
          until(story.kube, dataMoverDeletes, keyOf(one), {
            to: 'to be Completed',
            when: ({ status }) => status?.phase === 'Completed',
          }),
        ),
    );
    left = await snapshotsOf(sound.status!.result!.repository);
  });

  afterAll(() => story.end());

  it('completes a backup whose data in the repository is intact', () => {
    expect(sound.status).toMatchObject({ phase: 'Completed', verification: { level: 'Data' } });
    expect(sound.status?.verification?.doneAt).toBeDefined();
  });

  it('hands over what is as it was saved', async () => {
    expect(restored.status).toMatchObject({ phase: 'Completed', verification: { level: 'Data' } });
    expect(differences(before, after)).toEqual([]);
    const bound = await story.kube.get(persistentVolumeClaims, copy);
    expect(bound?.status?.phase).toBe('Bound');
  });

  it('fails for data that is damaged in the store', () => {
    expect(rotten.status).toMatchObject({ phase: 'Failed', failure: { reason: 'VerificationFailed' } });
    expect(rotten.status?.failure?.message).toMatch(/does not read back: .*verification failed/);
  });

  it('records no result for a damaged backup, and removes its snapshot', async () => {
    expect(rotten.status?.result).toBeUndefined();
    expect(removals.map(({ spec }) => spec.result.snapshotID?.slice(0, 8))).toEqual([
      rotten.status?.unverifiedResult?.snapshotID?.slice(0, 8),
    ]);
    expect(left).toEqual([sound.status?.result?.snapshotID?.slice(0, 8)]);
    expect(await leftoversOf(story, [sound, restored, rotten, ...removals])).toEqual([]);
  });
});
