import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configMaps, jobs, persistentVolumeClaims, type ConfigMap } from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups, dataMoverDeletes, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { restoreName } from '../../api/datamover/v1alpha1/names.ts';
import type { CallContext } from '../../plugin/velero/item-actions.ts';
import { aRestore, recordingLog } from '../fakes/velero-objects.ts';
import { createRecordAction } from '../../plugin/restore/record-action.ts';
import { createRestoreAction } from '../../plugin/restore/action.ts';
import { createClusterReader } from '../../plugin/cluster-reader.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** Objects as the version before the renames of public names wrote them; their text is literal and must stay as it is. */

const { signal } = new AbortController();

let harness: ControllerHarness;

beforeEach(() => {
  harness = new ControllerHarness();
});

afterEach(() => harness.stop());

/** Rewrites the stored status of the backup `b1` as the former controller: it owns the fields that it writes. */
async function writeStatus(change: (text: string) => string): Promise<void> {
  const { apiVersion, kind, metadata, status } = harness.backup()!;
  const { namespace, name } = metadata;
  const written = JSON.parse(change(JSON.stringify(status))) as NonNullable<typeof status>;
  const body = { apiVersion, kind, metadata: { namespace, name }, status: written };
  await harness.cluster.client().applyStatus(dataMoverBackups, body as DataMoverBackup, { signal });
}

describe('a backup that a previous version has started', () => {
  beforeEach(async () => {
    await harness.start();
    await harness.addSource('data', 'precious');
  });

  it('and whose result it had in `saved` is verified and completed, without a second transfer', async () => {
    harness.addClass(({ spec }) => Object.assign(spec, { verify: 'Data' }));
    harness.cluster.state.verification = (honest) => ({ ...honest, end: 'running' });
    harness.addBackup('b1');
    const isVerifying = (): boolean =>
      harness.kube.peekAll(jobs).some(({ metadata }) => metadata.name.endsWith('-verify'));
    await harness.until(isVerifying);
    await harness.stop();
    const { unverifiedResult } = harness.backup()!.status!;
    expect(unverifiedResult?.snapshotID).toBeDefined();
    const started = harness.cluster.state.started.length;
    await writeStatus((text) =>
      text.replace('"unverifiedResult":', '"saved":').replaceAll('"Succeeded"', '"Done"'),
    );
    expect(harness.backup()?.status).toHaveProperty('saved');

    harness.cluster.state.verification = undefined;
    for (const { metadata } of harness.kube
      .peekAll(jobs)
      .filter(({ metadata }) => metadata.name.endsWith('-verify')))
      harness.kube.remove(jobs, { namespace: metadata.namespace ?? '', name: metadata.name });
    await harness.start();
    await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Completed', result: unverifiedResult });
    expect(harness.backup()?.status).not.toHaveProperty('saved');
    expect(harness.cluster.state.started).toHaveLength(started);
  });

  it('and whose orphaned snapshots it had in `strays` removes each of them', async () => {
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    harness.addBackup('b1');
    await harness.until(() => harness.cluster.state.started.length > 0);
    await harness.stop();
    await writeStatus((text) => text.replace(/}$/, ',"strays":["11111111"]}'));
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, ({ spec }) => (spec.cancel = true));
    await harness.start();
    await harness.until(() => harness.backup()?.status?.phase === 'Canceled');
    expect(harness.backup()?.status).toMatchObject({ orphanedSnapshots: ['11111111'] });
    expect(harness.backup()?.status).not.toHaveProperty('strays');
    expect(harness.kube.peekAll(dataMoverDeletes).map(({ spec }) => spec.result.snapshotID)).toEqual([
      '11111111',
    ]);
  });
});

const CLAIM = `{
  "apiVersion": "v1",
  "kind": "PersistentVolumeClaim",
  "metadata": {
    "name": "data",
    "namespace": "app",
    "uid": "0b0c5b4e-3c0f-4b0e-9a55-4a5d6f4f0c01",
    "annotations": {
      "oadp.openshift.io/data-mover-backup": "app/dmb-daily-data-5f6d7c",
      "pv.kubernetes.io/bind-completed": "yes",
      "pv.kubernetes.io/bound-by-controller": "yes"
    }
  },
  "spec": {
    "accessModes": ["ReadWriteOnce"],
    "resources": { "requests": { "storage": "2Gi" } },
    "storageClassName": "fast",
    "volumeMode": "Filesystem",
    "volumeName": "pvc-0b0c5b4e"
  },
  "status": { "phase": "Bound" }
}`;

const RECORD = `{
  "apiVersion": "oadp.openshift.io/v1alpha1",
  "kind": "DataMoverBackup",
  "metadata": {
    "name": "dmb-daily-data-5f6d7c",
    "namespace": "app",
    "uid": "5d8f0a1e-0d0b-4bd1-a2dc-0b6e0a1d7b02",
    "generation": 1,
    "annotations": { "oadp.openshift.io/velero-backup": "daily" },
    "labels": { "velero.io/backup-name": "daily", "velero.io/backup-uid": "backup-uid" }
  },
  "spec": {
    "dataMoverClass": "volsync",
    "dataSourceRef": { "kind": "PersistentVolumeClaim", "name": "data" }
  },
  "status": {
    "phase": "Completed",
    "message": "8 bytes in 1 file",
    "observedGeneration": 1,
    "servedBy": "velero/datamover-controller",
    "startTimestamp": "2025-12-01T00:00:00.000Z",
    "completionTimestamp": "2025-12-01T00:00:09.000Z",
    "dataMoverClass": "volsync",
    "mover": "VolSync",
    "volume": {
      "pvcName": "data",
      "namespace": "app",
      "storageClassName": "fast",
      "accessModes": ["ReadWriteOnce"],
      "volumeMode": "Filesystem",
      "capacity": "2Gi",
      "reclaimPolicy": "Delete"
    },
    "capture": { "consistency": "PointInTime", "time": "2025-12-01T00:00:01.000Z", "owned": true },
    "repositoryPath": "c1/app/data",
    "admittedAt": "2025-12-01T00:00:02.000Z",
    "movingSince": "2025-12-01T00:00:03.000Z",
    "result": {
      "mover": "VolSync",
      "repository": "c1/app/data",
      "snapshotID": "abcdef01",
      "snapshotTime": "2025-12-01T00:00:01.000Z",
      "bytes": 8,
      "consistency": "PointInTime"
    },
    "strays": ["22222222"],
    "conditions": [
      {
        "type": "Captured",
        "status": "True",
        "reason": "Done",
        "message": "",
        "lastTransitionTime": "2025-12-01T00:00:01.000Z",
        "observedGeneration": 1
      },
      {
        "type": "Ready",
        "status": "True",
        "reason": "Done",
        "message": "",
        "lastTransitionTime": "2025-12-01T00:00:09.000Z",
        "observedGeneration": 1
      }
    ]
  }
}`;

describe('a Velero backup that a previous version has stored', () => {
  /** Runs the restore item actions as Velero does: the claim, then the record that it names. */
  async function restoreWithVelero(): Promise<void> {
    const { clock } = harness.cluster;
    harness.kube.seed<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'on',
        namespace: 'velero',
        labels: { 'velero.io/plugin-config': '', 'oadp.openshift.io/data-mover': '' },
      },
      data: { enable: 'true' },
    });
    const client = harness.kube.client('plugin');
    const cluster = createClusterReader({ clock, connect: () => Promise.resolve(client) });
    const context: CallContext = { log: recordingLog().log, signal };
    const item = Buffer.from(CLAIM);
    const claim = await createRestoreAction(cluster).execute(
      { item, itemFromBackup: item, restore: aRestore() },
      context,
    );
    expect(claim.additionalItems).toMatchObject([{ namespace: 'app', name: 'dmb-daily-data-5f6d7c' }]);
    const record = Buffer.from(RECORD);
    const { skipRestore } = await createRecordAction(cluster).execute(
      { item: record, itemFromBackup: record, restore: aRestore() },
      context,
    );
    expect(skipRestore).toBe(true);
    const restored = JSON.parse(String(claim.item)) as Parameters<typeof client.create>[1];
    await client.create(persistentVolumeClaims, restored as never);
  }

  it('is restored from its record', async () => {
    harness.addRepository('precious');
    await harness.start();
    await restoreWithVelero();
    const key = { namespace: APP, name: restoreName('restore-uid', 'app', 'data') };
    const status = () => harness.kube.peek(dataMoverRestores, key)?.status;
    await harness.until(() => status()?.completionTimestamp !== undefined);
    expect(status()).toMatchObject({ phase: 'Completed', restored: { snapshotID: 'abcdef01' } });
    expect(harness.read({ namespace: APP, name: 'data' })).toBe('precious');
  });
});
