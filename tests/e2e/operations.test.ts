import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { keyOf } from '../../api/kubernetes/meta.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilRunning } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { restic } from './support/restic.ts';
import { makeSlowClass } from './support/slow-class.ts';
import type { SlowProxy } from './support/slow-proxy.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import {
  backUp,
  backupEnd,
  movedBackups,
  movedRestores,
  restoreEnd,
  startBackup,
  startRestore,
  storedObjects,
} from './support/velero.ts';
import { until } from './support/wait.ts';

const BYTES = 60 * 2 ** 20;
const SLOW = 500_000;
/**
 * Enough for a move to start on a busy machine, and not to finish. Velero polls every few seconds, so it cancels soon after that.
 */
const TIMEOUT = ['--item-operation-timeout', '30s'];

/** The connection to the object store is so slow that Velero gives up: it cancels once and does not poll again. */
describe('moves that take longer than Velero waits', () => {
  let story: Story;
  let proxy: SlowProxy;
  let backup: DataMoverBackup;
  let restore: DataMoverRestore;
  const ends: Record<string, string> = {};
  let stored: string[];
  /** Snapshots of the repository after the canceled backup, and before it. */
  let snapshots: string[];
  let former: string;

  beforeAll(async () => {
    story = await openStory('patience');
    const slow = await makeSlowClass(story, SLOW);
    proxy = slow.proxy;
    const namespace = await story.makeNamespace('app');
    const app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'data' }, { annotations: askForClass(slow.name) }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    const fill = `head -c ${String(BYTES)} /dev/urandom > /data/large`;
    await story.exec(app, fill);
    proxy.limit(Infinity);
    const patient = story.unique('patient');
    await backUp(story, patient, namespace);

    proxy.limit(SLOW);
    await story.exec(app, fill);
    const given = story.unique('given-up');
    await startBackup(story, given, [namespace], ...TIMEOUT);
    ends['backup'] = await backupEnd(story, given);
    const [request] = await movedBackups(story, given);
    backup = await until(story.kube, dataMoverBackups, keyOf(request!), {
      to: 'to have ended',
      when: ({ status }) => status?.completionTimestamp !== undefined,
    });
    stored = [...(await storedObjects(story, given)).keys()];
    const repository = backup.status?.repositoryPath ?? '';
    const found = await restic<{ short_id: string }[]>(story.cluster, repository, ['snapshots']);
    snapshots = found.map(({ short_id }) => short_id);
    const [completed] = await movedBackups(story, patient);
    former = completed!.status!.result!.snapshotID!.slice(0, 8);

    await story.loseNamespace(namespace);
    const restoring = story.unique('restore');
    await startRestore(story, restoring, patient, ...TIMEOUT);
    ends['restore'] = await restoreEnd(story, restoring);
    const [wanted] = await movedRestores(story, restoring);
    restore = await until(story.kube, dataMoverRestores, keyOf(wanted!), {
      to: 'to have ended',
      when: ({ status }) => status?.completionTimestamp !== undefined,
    });
  });

  afterAll(() => story.end());

  it('are not called complete by Velero', () => {
    expect(ends).toEqual({ backup: 'PartiallyFailed', restore: 'PartiallyFailed' });
  });

  it('are canceled', () => {
    for (const { spec, status } of [backup, restore]) {
      expect(spec.cancel).toBe(true);
      expect(status).toMatchObject({ phase: 'Canceled', failure: { reason: 'Canceled' } });
    }
  });

  it('had started before they were canceled', () => {
    for (const { status } of [backup, restore]) expect(status?.movingSince).toBeDefined();
  });

  it('record no snapshot, and add none', () => {
    expect(backup.status).not.toHaveProperty('result');
    expect(snapshots).toEqual([former]);
  });

  it('are in the backup as they were', () => {
    expect(stored).toContain(
      `datamoverbackups.oadp.openshift.io/${backup.metadata.namespace ?? ''}/${backup.metadata.name}`,
    );
  });

  it('leave nothing behind: no Job, no volume, no secret', async () => {
    expect(await leftoversOf(story, [backup, restore])).toEqual([]);
  });
});
