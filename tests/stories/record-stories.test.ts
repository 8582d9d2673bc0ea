import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims, persistentVolumes } from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { dataMoverBackups, dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const DESTINATION = { namespace: APP, name: 'restored' };

let harness: ControllerHarness;
let records: NonNullable<DataMoverRestore['spec']['source']>[];

beforeEach(() => {
  harness = new ControllerHarness();
  records = harness.addRepository('older', 'newer');
  harness.addDestination();
});

afterEach(() => harness.stop());

/** Adds a completed backup of the destination; the data is from the given hour of 1 January 2026. */
function addRecord(name: string, at: { hour: number; of: number }, change = noChange): DataMoverBackup {
  const { result, volume } = records[at.of]!;
  const time = new Date(Date.UTC(2026, 0, 1, at.hour)).toISOString();
  return harness.addBackup(name, (backup) => {
    backup.spec.dataSourceRef.name = 'restored';
    backup.status = {
      phase: 'Completed',
      dataMoverClass: 'volsync',
      mover: 'VolSync',
      volume: { ...volume!, pvcName: 'restored' },
      capture: { consistency: 'PointInTime', time },
      result: result!,
    };
    change(backup);
  });
}

function noChange(_: DataMoverBackup): void {
  // Leaves the record unchanged.
}

/** Waits for the end of the restore, for at most `limitMs`. */
async function end(limitMs = 15_000) {
  await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined, limitMs);
  return harness.restore()!.status!;
}

describe('a restore that names only its destination', () => {
  it('restores the newest completed backup of that claim', async () => {
    addRecord('z', { hour: 1, of: 0 });
    addRecord('a', { hour: 2, of: 1 });
    await harness.start();
    harness.addRestore('r1');
    expect(await end()).toMatchObject({
      phase: 'Completed',
      source: { backupName: 'a', backupNamespace: APP },
    });
    expect(harness.read(DESTINATION)).toBe('newer');
  });

  it('stores the record and the class in its status before it creates anything', async () => {
    addRecord('b1', { hour: 1, of: 0 });
    await harness.start();
    harness.addRestore('r1');
    await end();
    const calls = harness.kube.writeCalls();
    const recorded = calls.findIndex(({ body }) => JSON.stringify(body ?? {}).includes('"backupName"'));
    expect(calls[recorded]).toMatchObject({
      verb: 'applyStatus',
      body: {
        status: { dataMoverClass: 'volsync', source: { backupName: 'b1', result: records[0]!.result } },
      },
    });
    const made = calls.findIndex(({ verb }) => verb === 'create');
    expect(recorded).toBeLessThan(made);
  });

  it.each<[string, (backup: DataMoverBackup) => void]>([
    ['that did not complete', ({ status }) => Object.assign(status!, { phase: 'Failed' })],
    ['of another claim', ({ status }) => Object.assign(status!.volume!, { pvcName: 'other' })],
    ['of another namespace', ({ metadata }) => (metadata.namespace = 'elsewhere')],
    ['that tells of another namespace', ({ status }) => Object.assign(status!.volume!, { namespace: 'x' })],
    [
      'that is being deleted',
      ({ metadata }) =>
        Object.assign(metadata, { deletionTimestamp: '2026-01-01T04:00:00Z', finalizers: ['test/hold'] }),
    ],
  ])('leaves a backup alone %s', async (_, change) => {
    addRecord('mine', { hour: 1, of: 0 });
    addRecord('other', { hour: 2, of: 1 }, change);
    await harness.start();
    harness.addRestore('r1');
    expect(await end()).toMatchObject({ phase: 'Completed', source: { backupName: 'mine' } });
  });

  it('takes a backup of a snapshot of that claim, too', async () => {
    addRecord('b1', { hour: 1, of: 0 }, ({ spec }) => {
      spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'manual' };
    });
    await harness.start();
    harness.addRestore('r1');
    expect(await end()).toMatchObject({ phase: 'Completed', source: { backupName: 'b1' } });
  });

  it('creates a volume of the recorded size if that is larger than the claim requests', async () => {
    addRecord('b1', { hour: 1, of: 0 }, ({ status }) => Object.assign(status!.volume!, { capacity: '5Gi' }));
    await harness.start();
    harness.addRestore('r1');
    expect(await end()).toMatchObject({ phase: 'Completed' });
    const { volumeName } = harness.kube.peek(persistentVolumeClaims, DESTINATION)!.spec;
    const volume = harness.kube.peek(persistentVolumes, { name: volumeName ?? '' });
    expect(volume?.spec.capacity).toEqual({ storage: '5Gi' });
  });

  it('fails within seconds if no backup of the claim exists, and creates nothing', async () => {
    await harness.start();
    harness.addRestore('r1');
    expect(await end()).toMatchObject({
      phase: 'Failed',
      failure: {
        reason: 'RecordMissing',
        message:
          'spec.source is not set, and namespace app contains no completed DataMoverBackup of PersistentVolumeClaim restored; name the record of a backup in spec.source of another DataMoverRestore',
      },
    });
    expect(harness.kube.writeCalls().filter(({ verb }) => verb === 'create')).toEqual([]);
  });

  it('takes the backup that completes while it waits, at once', async () => {
    await harness.start();
    harness.addRestore('r1');
    await harness.quiesce();
    addRecord('b1', { hour: 1, of: 0 });
    await harness.quiesce();
    expect(harness.restore()?.status?.source).toMatchObject({ backupName: 'b1' });
  });

  it('keeps the record that it has chosen', async () => {
    harness.cluster.hold('provision');
    addRecord('first', { hour: 1, of: 0 });
    await harness.start();
    harness.addRestore('r1');
    await harness.until(() => harness.restore()?.status?.phase === 'Staging');
    addRecord('second', { hour: 2, of: 1 });
    await harness.kube.client('test').delete(dataMoverBackups, { namespace: APP, name: 'first' });
    harness.cluster.release('provision');
    expect(await end(60_000)).toMatchObject({ phase: 'Completed', source: { backupName: 'first' } });
    expect(harness.read(DESTINATION)).toBe('older');
  });

  it('is rejected at once if its destination names another namespace', async () => {
    addRecord('b1', { hour: 1, of: 0 });
    await harness.start();
    harness.addRestore('r1', ({ spec }) => (spec.destinationClaimRef.namespace = 'elsewhere'));
    const { failure, source } = await end();
    expect(failure?.reason).toBe('Forbidden');
    expect(source).toBeUndefined();
  });

  it('is not refused by a controller that does not serve its class', async () => {
    harness.addClass((object) => {
      object.metadata = { name: 'vendor' };
      object.spec.mover = 'Vendor';
    });
    await harness.start();
    harness.addRestore('r1', ({ spec }) => (spec.dataMoverClass = 'vendor'));
    await harness.advance(60_000, 10_000);
    expect(harness.kube.peek(dataMoverRestores, { namespace: APP, name: 'r1' })?.status).toBeUndefined();
  });
});
