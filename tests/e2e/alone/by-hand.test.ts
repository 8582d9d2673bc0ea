import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../../api/kubernetes/core.ts';
import { apiVersionOf, type Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverClass } from '../../../api/datamover/v1alpha1/data-mover-class.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverRestores,
} from '../../../api/datamover/v1alpha1/kinds.ts';
import { controllerMetrics } from '../../../hack/cluster/components/controller.ts';
import { knownMetrics } from '../../../hack/gen/metric-table.ts';
import { claim, pod, untilRunning, type Place } from '../support/app.ts';
import { differences, manifestOf } from '../support/data.ts';
import { inventoryOf, leftoversOf } from '../support/leftovers.ts';
import { resticSecret } from '../support/setup.ts';
import { openStory, type Story } from '../support/story.ts';
import { until, untilGone } from '../support/wait.ts';

/**
 * Requests without Velero. No other client is active, so every object that appears in the cluster was created for these requests.
 */
describe('requests created by hand', () => {
  let story: Story;
  let app: Place;
  /** Deletions that earlier stories requested: one may wait minutes for the lock of a mover that was killed. */
  let removals: Resource[];
  let before: string[];
  let countedBefore: string[];

  const backUp = async (name: string, dataMoverClass?: string, source = 'data'): Promise<void> => {
    await story.kube.create<DataMoverBackup>(dataMoverBackups, {
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name, namespace: app.namespace },
      spec: {
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: source },
        ...(dataMoverClass !== undefined && { dataMoverClass }),
      },
    });
  };
  const untilPhase = (name: string, phase: string): Promise<DataMoverBackup> =>
    until(
      story.kube,
      dataMoverBackups,
      { namespace: app.namespace, name },
      { to: `to be ${phase}`, when: ({ status }) => status?.phase === phase },
    );
  const added = async (): Promise<string[]> => {
    const now = await inventoryOf(story, app.namespace, removals);
    expect(now).toEqual(expect.arrayContaining(before));
    return now.filter((object) => !before.includes(object));
  };

  beforeAll(async () => {
    story = await openStory('hand');
    app = { namespace: await story.makeNamespace('app'), name: 'app' };
    await story.make(
      resticSecret(story.cluster, {
        name: story.unique('nowhere'),
        RESTIC_REPOSITORY: 's3:http://127.0.0.1:1/nowhere',
      }),
    );
    for (const name of ['nowhere', 'missing']) {
      await story.makeClass(name, { config: { resticSecret: { name: story.unique(name) } } });
    }
    await story.makeClass('crowded', {
      config: { resticSecret: { name: story.unique('nowhere') } },
      limits: { backupsPerNode: 1 },
    });
    await story.apply(
      claim({ namespace: app.namespace, name: 'data' }),
      claim({ namespace: app.namespace, name: 'other' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data', '/other': 'other' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, 'cd /data; mkdir sub; echo precious > sub/file; chown 7:8 sub/file');
    removals = await story.listAny('datamoverdeletes,datamoverprunes', story.namespace);
    before = await inventoryOf(story, app.namespace, removals);
    countedBefore = await scrape(story);
  });

  afterAll(() => story.end());

  it('leave the cluster as it was when a backup is Completed', async () => {
    await backUp('good');
    await untilPhase('good', 'Completed');
    expect(await added()).toEqual([]);
  });

  it('leave the cluster as it was when a backup has Failed', async () => {
    await backUp('bad', story.unique('missing'));
    await untilPhase('bad', 'Failed');
    expect(await added()).toEqual([]);
  });

  it('leave the cluster as it was when a backup is Canceled', async () => {
    await backUp('stopped', story.unique('nowhere'));
    await untilPhase('stopped', 'Moving');
    const key = { namespace: app.namespace, name: 'stopped' };
    await story.kube.mergePatch(dataMoverBackups, key, { spec: { cancel: true } });
    await untilPhase('stopped', 'Canceled');
    expect(await added()).toEqual([]);
  });

  it('restore into a new claim, and leave nothing but its volume', async () => {
    const { namespace } = app;
    const { status } = await untilPhase('good', 'Completed');
    const copy = { namespace, name: 'copy' };
    // Without a pod no volume is provisioned for a claim of this class, so the claim waits for the restore.
    await story.apply(claim(copy, { storageClassName: 'csi-test-wffc' }));
    await story.kube.create<DataMoverRestore>(dataMoverRestores, {
      apiVersion: apiVersionOf(dataMoverRestores),
      kind: dataMoverRestores.kind,
      metadata: { name: 'back', namespace },
      spec: {
        destinationClaimRef: { name: copy.name },
        source: { backupName: 'good', backupNamespace: namespace, result: status!.result! },
      },
    });
    const key = { namespace, name: 'back' };
    await until(story.kube, dataMoverRestores, key, {
      to: 'to be Completed',
      when: (restore) => restore.status?.phase === 'Completed',
    });
    const volume = (await story.kube.get(persistentVolumeClaims, copy))?.spec.volumeName ?? '';
    expect((await added()).sort()).toEqual([
      `PersistentVolume /${volume}`,
      `PersistentVolumeClaim ${namespace}/copy`,
    ]);
    const reader = { namespace, name: 'reader' };
    await story.apply(pod(reader, story.cluster.images.busybox, { mounts: { '/data': 'copy' } }));
    await untilRunning(story, reader);
    expect(differences(await manifestOf(story, app), await manifestOf(story, reader))).toEqual([]);
  });

  it('have a class whose status reports whether it can be used', async () => {
    const readiness = ({ status }: DataMoverClass) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      return `${ready?.status ?? ''}: ${ready?.message ?? ''}`;
    };
    const untilClass = (name: string, text: string): Promise<DataMoverClass> =>
      until(
        story.kube,
        dataMoverClasses,
        { name },
        { to: `to say ${text}`, when: (one) => readiness(one).startsWith(text) },
      );
    const missing = story.unique('missing');
    await untilClass(
      missing,
      `False: Secret velero/${missing}, named by config.resticSecret.name, does not exist`,
    );
    await story.make(resticSecret(story.cluster, { name: missing }));
    await untilClass(missing, 'True: mover VolSync serves this class');
    const nowhere = 'False: the store 127.0.0.1:1 refuses the connection, seen from the controller';
    await untilClass(story.unique('nowhere'), nowhere);
    const broken = await story.makeClass('broken', { selector: 'tier in gold' });
    await untilClass(broken, `False: DataMoverClass ${broken}: spec.selector: "tier in gold"`);
    const foreign = await story.makeClass('foreign', { mover: 'Nobodys' });
    await untilClass(foreign, 'Unknown: no controller that has this mover has looked at the class yet');
  });

  it('appear in the metrics of the controller, under documented names and without namespaces', async () => {
    const samples = await scrape(story);
    const names = samples.map((line) => line.replace(/[{ ].*/, '').replace(/_(bucket|sum|count)$/, ''));
    expect(knownMetrics().map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    const increase = (name: string, ...labels: string[]): number =>
      valueOf(samples, name, labels) - valueOf(countedBefore, name, labels);
    const backup = 'kind="DataMoverBackup"';
    const ended = 'datamover_request_duration_seconds_count';
    expect({
      completed: increase(ended, backup, 'phase="Completed"'),
      failed: increase(ended, backup, 'phase="Failed"'),
      canceled: increase(ended, backup, 'phase="Canceled"'),
      restored: increase(ended, 'kind="DataMoverRestore"', 'phase="Completed"'),
      secretNotFound: increase('datamover_request_failures_total', backup, 'reason="SecretNotFound"'),
      moved: increase('datamover_step_duration_seconds_count', backup, 'step="Moved"'),
      bytes: increase('datamover_moved_bytes_total', backup),
    }).toEqual({
      completed: 1,
      failed: 1,
      canceled: 1,
      restored: 1,
      secretNotFound: 1,
      moved: 1,
      bytes: 'precious\n'.length,
    });
    expect(samples.filter((line) => line.includes(app.namespace))).toEqual([]);
  });

  it('wait for a slot on their node, report it, and get the slot of a canceled request', async () => {
    await backUp('first', story.unique('nowhere'));
    const first = await untilPhase('first', 'Moving');
    const node = (await story.listAny('nodes'))[0]!.metadata.name;
    expect(first.status?.node).toBe(node);
    await backUp('second', story.unique('crowded'), 'other');
    const second = await until(
      story.kube,
      dataMoverBackups,
      { namespace: app.namespace, name: 'second' },
      { to: 'to wait', when: ({ status }) => status?.queue !== undefined },
    );
    expect(second.status).toMatchObject({
      phase: 'Queued',
      node,
      queue: { ahead: 0, reason: `1 of 1 slots on node ${node} are in use` },
    });
    for (const name of ['first', 'second']) {
      await untilPhase(name, 'Moving');
      const key = { namespace: app.namespace, name };
      await story.kube.mergePatch(dataMoverBackups, key, { spec: { cancel: true } });
      await untilPhase(name, 'Canceled');
    }
    expect(await leftoversOf(story, [first, second])).toEqual([]);
  });

  it('block the deletion of their class; with --force it is deleted after they end', async () => {
    const name = await story.makeClass('held', {
      config: { resticSecret: { name: story.unique('nowhere') } },
    });
    await backUp('holder', name);
    await untilPhase('holder', 'Moving');
    const isUsed = ({ status }: DataMoverClass): boolean => status?.inUse !== undefined;
    await until(story.kube, dataMoverClasses, { name }, { to: 'to be used', when: isUsed });
    const user = `DataMoverBackup ${app.namespace}/holder`;
    await expect(story.kubectl(['delete', 'datamoverclass', name])).rejects.toThrow(
      `is in use by requests that have not ended (1): ${user}`,
    );
    await story.kubectl(['delete', 'datamoverclass', name, '--force', '--wait=false']);
    const namesUser = ({ status }: DataMoverClass): boolean =>
      status?.conditions?.some(({ reason, message }) => reason === 'Deleting' && message.includes(user)) ===
      true;
    await until(story.kube, dataMoverClasses, { name }, { to: 'to name its user', when: namesUser });
    await backUp('late', name, 'other');
    await untilPhase('late', 'Failed');
    const key = { namespace: app.namespace, name: 'holder' };
    await story.kube.mergePatch(dataMoverBackups, key, { spec: { cancel: true } });
    await untilPhase('holder', 'Canceled');
    await untilGone(story.kube, dataMoverClasses, { name });
  });

  it('go with their namespace, while they move data too', async () => {
    await backUp('last', story.unique('nowhere'));
    const request = await untilPhase('last', 'Moving');
    await story.loseNamespace(app.namespace);
    expect(await leftoversOf(story, [request])).toEqual([]);
  });
});

/** Returns the samples of our own metrics, one per line. */
async function scrape({ cluster }: Story): Promise<string[]> {
  const response = await fetch(`http://${controllerMetrics(cluster.config)}/metrics`);
  return (await response.text()).split('\n').filter((line) => line.startsWith('datamover_'));
}

/** Returns the sum of a metric over all samples that have these labels. */
function valueOf(samples: readonly string[], name: string, labels: readonly string[]): number {
  return samples
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
