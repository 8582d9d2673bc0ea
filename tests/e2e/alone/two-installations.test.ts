import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { backups } from '../../../api/velero/v1.ts';
import { apiVersionOf, keyOf } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import { FINALIZER, labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../../api/datamover/v1alpha1/names.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { collect } from '../../../plugin/collect.ts';
import { claim, pod, untilRunning, type Place } from '../support/app.ts';
import { requestsSince, writesSince, type AuditedRequest } from '../support/audit.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { placeBesideBackups, restic } from '../support/restic.ts';
import { installSecond, type SecondInstallation } from '../support/second-installation.ts';
import { makeSlowClass } from '../support/slow-class.ts';
import type { SlowProxy } from '../support/slow-proxy.ts';
import { askForClass, openStory, type Story } from '../support/story.ts';
import { backUp, backupEnd, movedBackups, restore, startBackup } from '../support/velero.ts';
import { until, untilGone } from '../support/wait.ts';

const BYTES = 12 * 2 ** 20;
const BYTES_PER_SECOND = 100_000;

/**
 * A second Velero with a controller of its own, installed as in docs/two-installations.md. While the second controller is stopped
 * in the middle of two uploads, one of them is canceled and one deleted, and the first installation backs up an application. Then
 * the first controller is stopped, and the second installation backs up the same application.
 */
describe('two installations in one cluster', () => {
  let a: Story;
  let b: Story;
  let second: SecondInstallation;
  let proxy: SlowProxy | undefined;
  let since: number;
  let app: Place;
  let slow: Place;
  let copy: Place;
  /** The requests of the second installation while its controller was stopped, and those that remained later. */
  let canceled: Record<'stopped' | 'after', DataMoverBackup>;
  let removed: DataMoverBackup;
  let byHand: Record<'stopped' | 'after', DataMoverBackup>;
  let monday: DataMoverBackup;
  let tuesday: DataMoverBackup;
  /** The request of the first installation after the janitor of the second one has run. */
  let mondayLater: DataMoverBackup | undefined;
  let slowEnd: string;
  let removals: DataMoverDelete[];
  /** The ids of the snapshots in the repositories of the application's claim. */
  const snapshots = { afterBackups: {} as Snapshots, afterDeletion: {} as Snapshots };
  const restored = { byFirst: '', bySecond: '' };

  type Snapshots = Record<'first' | 'second', string[]>;

  const account = ({ namespace }: Story): string => `system:serviceaccount:${namespace}:datamover-controller`;
  /** Waits until the controller has checked twice since a time that Velero still has the backups of its requests. */
  const untilSwept = (story: Story, from: number): Promise<void> => {
    const isSweep = ({ user, verb, resource }: AuditedRequest): boolean =>
      user === account(story) && verb === 'list' && resource === 'backups';
    const swept = async (): Promise<boolean> =>
      (await requestsSince(story.cluster, from)).filter(isSweep).length >= 2;
    return waitUntil('two sweeps', swept, { timeoutMs: 60_000, intervalMs: 500 });
  };
  const now = async (request: DataMoverBackup): Promise<DataMoverBackup | undefined> =>
    a.kube.get(dataMoverBackups, keyOf(request));
  const slowRequest = async (name: string): Promise<DataMoverBackup> => {
    const found = await movedBackups(b, b.unique('slow'));
    return found.find(({ spec }) => spec.dataSourceRef.name === name)!;
  };
  const idsIn = async (story: Story, place?: string): Promise<string[]> => {
    const { repository } = monday.status!.result!;
    const found = await restic<{ short_id: string }[]>(story.cluster, repository, ['snapshots'], place);
    return found.map(({ short_id }) => short_id).sort();
  };
  const snapshotsNow = async (): Promise<Snapshots> => ({
    first: await idsIn(a),
    second: await idsIn(b, placeBesideBackups(b.cluster)),
  });
  const idOf = ({ status }: DataMoverBackup): string => status!.result!.snapshotID!.slice(0, 8);
  const contentOf = async (place: Place): Promise<string> => {
    await untilRunning(a, place);
    return (await a.exec(place, 'cat /data/file')).toString();
  };

  async function beginSlowBackup(): Promise<void> {
    const way = await makeSlowClass(b, BYTES_PER_SECOND, { mover: 'Restic' });
    proxy = way.proxy;
    const { name } = way;
    const { namespace } = slow;
    await a.apply(
      claim({ namespace, name: 'canceled' }, { annotations: askForClass(name) }),
      claim({ namespace, name: 'removed' }, { annotations: askForClass(name) }),
      pod(slow, a.cluster.images.busybox, { mounts: { '/canceled': 'canceled', '/removed': 'removed' } }),
    );
    await untilRunning(a, slow);
    const fill = (claimName: string): string => `head -c ${String(BYTES)} /dev/urandom > /${claimName}/large`;
    await a.exec(slow, `${fill('canceled')}; ${fill('removed')}`);
    await startBackup(b, b.unique('slow'), [namespace]);
    const asked = async (): Promise<boolean> => (await movedBackups(b, b.unique('slow'))).length === 2;
    await waitUntil('both requests of the slow backup', asked, { timeoutMs: 120_000 });
    for (const claimName of ['canceled', 'removed'])
      await until(a.kube, dataMoverBackups, keyOf(await slowRequest(claimName)), {
        to: 'to move data',
        when: ({ status }) => status?.phase === 'Moving',
      });
  }

  /** Stops the second controller: its requests wait for it, and no other controller reconciles them. */
  async function workWithoutSecond(): Promise<void> {
    await second.stopController();
    try {
      const from = Date.now();
      const requests = { canceled: await slowRequest('canceled'), removed: await slowRequest('removed') };
      await a.kube.mergePatch(dataMoverBackups, keyOf(requests.canceled), { spec: { cancel: true } });
      await a.kube.delete(dataMoverBackups, keyOf(requests.removed));
      const asked = await a.kube.create<DataMoverBackup>(dataMoverBackups, {
        apiVersion: apiVersionOf(dataMoverBackups),
        kind: dataMoverBackups.kind,
        metadata: { namespace: app.namespace, name: 'by-hand' },
        spec: {
          dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' },
          dataMoverClass: second.className,
        },
      });
      await a.exec(app, 'echo monday > /data/file');
      await backUp(a, a.unique('monday'), app.namespace);
      monday = (await movedBackups(a, a.unique('monday')))[0]!;
      await untilSwept(a, from);
      canceled = { stopped: (await now(requests.canceled))!, after: requests.canceled };
      removed = (await now(requests.removed))!;
      byHand = { stopped: (await now(asked))!, after: asked };
    } finally {
      await second.startController();
    }
  }

  /** Stops the first controller: the second one completes its own requests and backs up what the first one has backed up. */
  async function workWithoutFirst(): Promise<void> {
    await a.cluster.stop('controller');
    try {
      const from = Date.now();
      const hasEnded = ({ status, metadata }: DataMoverBackup): boolean =>
        status?.completionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
      const ended = { to: 'to have ended', when: hasEnded };
      canceled.after = await until(a.kube, dataMoverBackups, keyOf(canceled.stopped), ended);
      await untilGone(a.kube, dataMoverBackups, keyOf(removed));
      byHand.after = await until(a.kube, dataMoverBackups, keyOf(byHand.stopped), ended);
      await a.exec(app, 'echo tuesday > /data/file');
      await backUp(b, b.unique('tuesday'), app.namespace);
      tuesday = (await movedBackups(b, b.unique('tuesday')))[0]!;
      slowEnd = await backupEnd(b, b.unique('slow'));
      await untilSwept(b, from);
      mondayLater = await now(monday);
    } finally {
      await a.cluster.restart('controller');
    }
  }

  async function removeMonday(): Promise<void> {
    const name = a.unique('monday');
    await a.cluster.velero(['backup', 'delete', name, '--confirm']);
    await untilGone(a.kube, backups, { namespace: a.namespace, name });
    const labelSelector = `${labels.veleroBackupName}=${name}`;
    const asked = await collect(a.kube.list(dataMoverDeletes, { labelSelector }));
    removals = await Promise.all(
      asked.map((request) =>
        until(a.kube, dataMoverDeletes, keyOf(request), {
          to: 'to be Completed',
          when: ({ status }) => status?.phase === 'Completed',
        }),
      ),
    );
  }

  beforeAll(async () => {
    a = await openStory('two');
    since = Date.now();
    app = { namespace: await a.makeNamespace('app'), name: 'app' };
    slow = { namespace: await a.makeNamespace('slow'), name: 'app' };
    copy = { namespace: await a.makeNamespace('copy'), name: 'app' };
    await a.apply(
      claim({ namespace: app.namespace, name: 'data' }),
      pod(app, a.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    second = await installSecond(a);
    b = second.story;
    await beginSlowBackup();
    await workWithoutSecond();
    await workWithoutFirst();
    snapshots.afterBackups = await snapshotsNow();

    await a.kubectl(['delete', 'pod/app', 'pvc/data', '--namespace', app.namespace]);
    await restore(a, { name: a.unique('monday'), from: a.unique('monday') });
    restored.byFirst = await contentOf(app);
    await removeMonday();
    snapshots.afterDeletion = await snapshotsNow();
    await restore(b, {
      name: b.unique('tuesday'),
      from: b.unique('tuesday'),
      options: ['--namespace-mappings', `${app.namespace}:${copy.namespace}`],
    });
    restored.bySecond = await contentOf(copy);
  });

  afterAll(async () => {
    proxy?.close();
    await second.remove();
    await a.end();
  });

  it('each serve the requests of their own Velero, and of their own classes', () => {
    const completedBy = (servedBy: string): object => ({ phase: 'Completed', servedBy });
    expect(monday.status).toMatchObject(completedBy('velero/datamover-controller'));
    expect(tuesday.status).toMatchObject(completedBy('velero-b/datamover-controller'));
    expect(byHand.after.status).toMatchObject(completedBy('velero-b/datamover-controller'));
  });

  it('each move the data into a place of their own', () => {
    expect(tuesday.status?.result).toMatchObject({
      repository: monday.status?.result?.repository,
      backupStorageLocation: 'default',
    });
    expect(snapshots.afterBackups).toEqual({
      first: [idOf(monday)],
      second: [idOf(byHand.after), idOf(tuesday)].sort(),
    });
  });

  it('leave foreign requests alone, even canceled or deleted ones whose controller is down', () => {
    expect(canceled.stopped).toMatchObject({
      metadata: { finalizers: [FINALIZER] },
      spec: { cancel: true },
      status: { phase: 'Moving' },
    });
    expect(removed).toMatchObject({
      metadata: { finalizers: [FINALIZER], deletionTimestamp: expect.any(String) as unknown },
      status: { phase: 'Moving' },
    });
    expect(byHand.stopped).not.toHaveProperty('status');
  });

  it('end their open requests when their controller runs again', () => {
    expect(canceled.after.status).toMatchObject({
      phase: 'Canceled',
      servedBy: 'velero-b/datamover-controller',
    });
    expect(slowEnd).toBe('PartiallyFailed');
  });

  it('keep the requests of the other one when they clean up', () => {
    expect(mondayLater).toEqual(monday);
  });

  it('have all the rights that they need', async () => {
    const asked = await requestsSince(a.cluster, since);
    const controllers = [account(a), account(b)];
    const refused = asked.filter(({ user, code }) => controllers.includes(user) && code === 403);
    expect(refused.map(({ verb, resource, namespace }) => `${verb} ${resource} in ${namespace}`)).toEqual([]);
  });

  it('write nothing that is of the other one, no event either', async () => {
    const writes = await writesSince(a.cluster, since);
    const byFirst = writes.filter(({ user }) => user === account(a));
    const bySecond = writes.filter(({ user }) => user === account(b));
    const ofSecond = [canceled.after, removed, byHand.after, tuesday].flatMap(namesOf);
    const isIn = (namespace: string) => (write: AuditedRequest) => write.namespace === namespace;
    const isOf = (names: readonly string[]) => (write: AuditedRequest) =>
      names.some((name) => write.name.startsWith(name));
    for (const [own, others, names] of [
      [bySecond, byFirst, ofSecond],
      [byFirst, bySecond, namesOf(monday)],
    ] as const) {
      expect(own.filter(isOf(names)).map(({ resource }) => resource)).toContain('events');
      expect(others.filter(isOf(names))).toEqual([]);
    }
    expect(byFirst.filter(isIn(b.namespace))).toEqual([]);
    expect(byFirst.filter(isIn(slow.namespace))).toEqual([]);
    expect(bySecond.filter(isIn(a.namespace))).toEqual([]);
  });

  it('restore each its own backup, also after one of the other was deleted', () => {
    expect(restored).toEqual({ byFirst: 'monday\n', bySecond: 'tuesday\n' });
  });

  it('remove the data of their own backups only', () => {
    expect(removals.map(({ spec }) => spec.result)).toContainEqual(monday.status!.result);
    expect(new Set(removals.map(({ metadata }) => metadata.namespace))).toEqual(new Set([a.namespace]));
    expect(snapshots.afterDeletion).toEqual({ first: [], second: snapshots.afterBackups.second });
  });

  it('leave nothing behind', async () => {
    const all = [canceled.after, removed, byHand.after, monday, tuesday, ...removals];
    expect(await leftoversOf(a, all)).toEqual([]);
  });
});

/** Returns the prefixes of the names of a request, its events and its children. */
function namesOf({ metadata }: DataMoverBackup): string[] {
  return [metadata.name, childName('backup', metadata.uid!)];
}
