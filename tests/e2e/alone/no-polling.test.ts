import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { replicationSources, type ReplicationSource } from '../../../api/volsync/v1alpha1.ts';
import { apiVersionOf } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../../api/datamover/v1alpha1/names.ts';
import { waitUntil } from '../../../hack/cluster/wait.ts';
import { claim, pod, untilRunning } from '../support/app.ts';
import { writesSince } from '../support/audit.ts';
import { untilEvents } from '../support/events.ts';
import { openStory, type Story } from '../support/story.ts';
import { until } from '../support/wait.ts';

const CONTROLLER = 'system:serviceaccount:velero:datamover-controller';
const IDLE_MS = 20_000;

/** The controller acts when something happens, and only then. */
describe('a controller that watches instead of polling', () => {
  let story: Story;
  let namespace: string;
  /** When each was first seen with the outcome, milliseconds since 1970. */
  let moverSaidAt: number;
  let statusSaidAt: number;

  beforeAll(async () => {
    story = await openStory('quiet');
    namespace = await story.makeNamespace('app');
    const app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'data' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, 'echo precious > /data/file');

    const request = await story.kube.create<DataMoverBackup>(dataMoverBackups, {
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name: 'backup', namespace },
      spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    });
    const source = { namespace: story.namespace, name: childName('backup', request.metadata.uid!) };
    const [moverSaid, statusSaid] = await Promise.all([
      until<ReplicationSource>(story.kube, replicationSources, source, {
        to: 'to have synced',
        when: ({ status }) => status?.lastManualSync !== undefined,
      }).then(() => Date.now()),
      until(
        story.kube,
        dataMoverBackups,
        { namespace, name: 'backup' },
        {
          to: 'to have its result',
          when: ({ status }) => status?.result !== undefined,
        },
      ).then(() => Date.now()),
    ]);
    moverSaidAt = moverSaid;
    statusSaidAt = statusSaid;
    await until(
      story.kube,
      dataMoverBackups,
      { namespace, name: 'backup' },
      {
        to: 'to be Completed and free to go',
        when: ({ status, metadata }) =>
          status?.phase === 'Completed' && (metadata.finalizers ?? []).length === 0,
      },
    );
    await untilEvents(story, namespace, ['DataMoverBackup/backup: DataMoverCompleted']);
  });

  afterAll(() => story.end());

  it('follows a change of the ReplicationSource long before it would look by the clock', () => {
    expect(statusSaidAt - moverSaidAt).toBeLessThan(10_000);
  });

  /**
   * The controller writes the users of a class to its status some seconds later, and may retry a deletion of an earlier story.
   */
  it('writes nothing while there is nothing to do, but the lease of its leadership', async () => {
    let recent: string[] = [];
    const atRest = async (): Promise<boolean> => {
      recent = await ownWrites(Date.now() - IDLE_MS);
      return recent.length > 0 && recent.every(isRenewal);
    };
    await waitUntil('twenty idle seconds', atRest, { timeoutMs: 120_000, intervalMs: 1000 }).catch(
      () => undefined,
    );
    expect(recent.filter((write) => !isRenewal(write))).toEqual([]);
  });

  const isRenewal = (write: string): boolean => write.endsWith(' leases');

  async function ownWrites(since: number): Promise<string[]> {
    const writes = await writesSince(story.cluster, since);
    return writes
      .filter(({ user }) => user === CONTROLLER)
      .map(({ verb, resource }) => `${verb} ${resource}`);
  }
});
