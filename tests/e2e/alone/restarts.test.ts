import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pods } from '../../../api/kubernetes/core.ts';
import { backups } from '../../../api/velero/v1.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { claim, pod, untilRunning, type Place } from '../support/app.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { restic } from '../support/restic.ts';
import { makeSlowClass } from '../support/slow-class.ts';
import type { SlowProxy } from '../support/slow-proxy.ts';
import { askForClass, openStory, type Story } from '../support/story.ts';
import { backupEnd, describeBackup, movedBackups, startBackup } from '../support/velero.ts';
import { until, untilGone } from '../support/wait.ts';

const BYTES = 40 * 2 ** 20;
const SLOW = 500_000;

/** One claim is slow to upload, one is quick. */
describe('a restart in the middle of a backup', () => {
  let story: Story;
  let proxy: SlowProxy;
  let app: Place;

  const requestOf = async (backup: string, pvc: string): Promise<DataMoverBackup> => {
    const found = await movedBackups(story, backup);
    return found.find(({ spec }) => spec.dataSourceRef.name === pvc)!;
  };
  const untilRequest = async (
    backup: string,
    pvc: string,
    to: string,
    when: (request: DataMoverBackup) => boolean,
  ): Promise<DataMoverBackup> => {
    const asked = async (): Promise<boolean> => (await movedBackups(story, backup)).length === 2;
    await waitUntil(`both requests of ${backup}`, asked, { timeoutMs: 120_000 });
    return until(story.kube, dataMoverBackups, keyOf(await requestOf(backup, pvc)), { to, when });
  };
  const untilUploading = (backup: string): Promise<DataMoverBackup> =>
    untilRequest(backup, 'slow', 'to upload', ({ status }) => (status?.progress?.bytesDone ?? 0) > 0);
  const untilVelero = async (backup: string, phase: string): Promise<void> => {
    const key = { namespace: story.namespace, name: backup };
    await until(story.kube, backups, key, {
      to: `to be ${phase}`,
      when: ({ status }) => status?.phase === phase,
    });
  };

  beforeAll(async () => {
    story = await openStory('restart');
    const { images } = story.cluster;
    const slow = await makeSlowClass(story, SLOW, { keys: { RESTIC_PACK_SIZE: '4' } });
    proxy = slow.proxy;
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'slow' }, { annotations: askForClass(slow.name) }),
      claim({ namespace, name: 'quick' }),
      pod(app, images.busybox, { mounts: { '/slow': 'slow', '/quick': 'quick' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, `head -c ${String(BYTES)} /dev/urandom > /slow/large; echo small > /quick/file`);
  });

  afterAll(() => story.end());

  describe('that waits for its uploads', () => {
    let before: DataMoverBackup;
    let after: DataMoverBackup;
    let end: string;
    let described: string;

    beforeAll(async () => {
      const name = story.unique('waiting');
      await startBackup(story, name, [app.namespace]);
      before = await untilUploading(name);
      await untilVelero(name, 'WaitingForPluginOperations');
      await story.cluster.restart('velero');
      // The controller may lose its lease during the restart and exit, possibly a moment later. A kubelet would restart its pod.
      await story.cluster.restart('kube-apiserver').catch(() => story.cluster.up());
      await story.cluster.restart('controller');
      proxy.limit(Infinity);
      end = await backupEnd(story, name);
      after = await requestOf(name, 'slow');
      described = await describeBackup(story, name);
    });

    it('does not affect the outcome if Velero, the API server and the controller restart', () => {
      expect(end).toBe('Completed');
      expect(described).not.toContain('Operation Error');
      expect(after.status).toMatchObject({ phase: 'Completed', result: { bytes: BYTES } });
    });

    it('uploads nothing twice', () => {
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.status?.movingSince).toBe(before.status?.movingSince);
    });
  });

  describe('that still visits its items', () => {
    let name: string;
    let slow: DataMoverBackup;
    let quick: DataMoverBackup;
    let removal: DataMoverDelete;
    /** Snapshots in the repository of the quick claim: the one of the previous backup. */
    let snapshots: unknown[];

    beforeAll(async () => {
      proxy.limit(SLOW);
      name = story.unique('lost');
      const hook = {
        'post.hook.backup.velero.io/command': '["sleep", "300"]',
        'post.hook.backup.velero.io/timeout': '5m',
      };
      await story.kube.mergePatch(pods, app, { metadata: { annotations: hook } });
      await story.exec(app, `head -c ${String(BYTES)} /dev/urandom > /slow/large`);
      await startBackup(story, name, [app.namespace]);
      await untilUploading(name);
      await untilRequest(name, 'quick', 'to be Completed', ({ status }) => status?.phase === 'Completed');
      await untilVelero(name, 'InProgress');
      await story.cluster.restart('velero');
      await untilVelero(name, 'Failed');
      const ended = ({ status }: DataMoverBackup): boolean => status?.completionTimestamp !== undefined;
      slow = await untilRequest(name, 'slow', 'to have ended', ended);
      const noted = ({ status }: DataMoverBackup): boolean => status?.veleroBackupFailed === true;
      quick = await untilRequest(name, 'quick', 'to know that its backup failed', noted);

      await story.cluster.velero(['backup', 'delete', name, '--confirm']);
      await untilGone(story.kube, backups, { namespace: story.namespace, name });
      await untilGone(story.kube, dataMoverBackups, keyOf(quick));
      await untilGone(story.kube, dataMoverBackups, keyOf(slow));
      const labelSelector = `${labels.veleroBackupName}=${name}`;
      const asked = await story.kube.listPage(dataMoverDeletes, {
        namespace: story.namespace,
        labelSelector,
      });
      removal = await until(story.kube, dataMoverDeletes, keyOf(asked.items[0]!), {
        to: 'to be Completed',
        when: ({ status }) => status?.phase === 'Completed',
      });
      snapshots = await restic(story.cluster, quick.status!.result!.repository, ['snapshots']);
    });

    it('cancels the request that Velero no longer waits for', () => {
      expect(slow.status).toMatchObject({ phase: 'Canceled' });
      expect(slow.status).not.toHaveProperty('result');
    });

    it('loses no data until the backup that failed is deleted, and then removes it', () => {
      expect(quick.status).toMatchObject({ phase: 'Completed', veleroBackupFailed: true });
      expect(removal.spec.result).toEqual(quick.status?.result);
      expect(snapshots).toHaveLength(1);
    });

    it('leaves nothing behind', async () => {
      expect(await leftoversOf(story, [slow, quick, removal])).toEqual([]);
    });
  });
});
