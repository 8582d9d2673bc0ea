import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiVersionOf, keyOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { collect } from '../../plugin/collect.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { occupy, restic } from './support/restic.ts';
import { openStory, type Story } from './support/story.ts';
import { until } from './support/wait.ts';

/**
 * restic can read while another process uses the repository, but not forget. Each attempt of a backup therefore saves its
 * snapshot and fails after that, when VolSync tries to forget old ones.
 */
describe('a backup that fails after its data was saved', () => {
  let story: Story;
  let app: Place;
  let kept: DataMoverBackup;
  let failed: DataMoverBackup;
  let removals: DataMoverDelete[];
  let between: string[];
  let left: string[];

  const backUp = async (name: string): Promise<void> => {
    await story.kube.create<DataMoverBackup>(dataMoverBackups, {
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name, namespace: app.namespace },
      spec: {
        dataMoverClass: story.unique('own'),
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' },
      },
    });
  };
  const untilPhase = (name: string, phase: string): Promise<DataMoverBackup> =>
    until(
      story.kube,
      dataMoverBackups,
      { namespace: app.namespace, name },
      { to: `to be ${phase}`, timeoutMs: 240_000, when: ({ status }) => status?.phase === phase },
    );
  const snapshotIDs = async (): Promise<string[]> => {
    const { repository } = kept.status!.result!;
    const found = await restic<{ short_id: string }[]>(story.cluster, repository, ['snapshots']);
    return found.map(({ short_id }) => short_id);
  };

  beforeAll(async () => {
    story = await openStory('orphaned-snapshots');
    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    await story.makeClass('own', {
      config: {
        resticSecret: { name: 'restic-config' },
        resticImage: story.cluster.images.volsyncRestic,
      },
    });
    await story.apply(
      claim({ namespace: app.namespace, name: 'data' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, 'echo kept > /data/file');
    await backUp('kept');
    kept = await untilPhase('kept', 'Completed');

    const release = await occupy(story.cluster, kept.status!.result!.repository);
    await story.exec(app, 'echo lost > /data/file');
    await backUp('failed');
    try {
      failed = await untilPhase('failed', 'Failed');
      // Nothing is removed while the repository is in use.
      between = await snapshotIDs();
    } finally {
      await release();
    }
    const asked = await collect(story.kube.list(dataMoverDeletes, { namespace: story.namespace }));
    const own = asked.filter(({ spec }) => spec.backupNamespace === app.namespace);
    removals = await Promise.all(
      own.map((one) =>
        until(story.kube, dataMoverDeletes, keyOf(one), {
          to: 'to be Completed',
          when: ({ status }) => status?.phase === 'Completed',
        }),
      ),
    );
    left = await snapshotIDs();
  });

  afterAll(() => story.end());

  it('reports that the repository was locked', () => {
    expect(failed.status?.failure).toMatchObject({ reason: 'RepositoryLocked' });
  });

  it('names the snapshots that no record will ever name, and no other', () => {
    const result = kept.status!.result!.snapshotID!.slice(0, 8);
    expect(failed.status?.orphanedSnapshots?.length).toBeGreaterThan(0);
    expect([result, ...failed.status!.orphanedSnapshots!].sort()).toEqual(between.sort());
  });

  it('has them removed, and leaves what another backup saved', async () => {
    expect(removals.map(({ spec }) => spec.result.snapshotID).sort()).toEqual(
      failed.status!.orphanedSnapshots!.sort(),
    );
    expect(left).toEqual([kept.status!.result!.snapshotID!.slice(0, 8)]);
    expect(await leftoversOf(story, [failed, ...removals])).toEqual([]);
  });
});
