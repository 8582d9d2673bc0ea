import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nodes } from '../../api/kubernetes/core.ts';
import type { Key } from '../../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

beforeEach(() => {
  harness = new ControllerHarness();
  harness.cluster.state.script = () => ({ end: 'running', lines: ['Starting container'] });
});

afterEach(() => harness.stop());

function limit(limits: Partial<DataMoverClass['spec']['limits']>): void {
  harness.addClass((object) => Object.assign(object.spec, { limits }));
}

/** Adds backups, each with a claim of its own, one second apart. */
async function addBackups(...names: string[]): Promise<void> {
  for (const name of names) {
    await harness.addSource(`claim-of-${name}`, `data of ${name}`);
    harness.addBackup(name, (backup) => {
      backup.spec.dataSourceRef.name = `claim-of-${name}`;
    });
    await harness.advance(1_000);
  }
}

const phases = (...names: string[]): (string | undefined)[] =>
  names.map((name) => harness.backup(name)?.status?.phase);

async function finish(name: string): Promise<void> {
  const child = childName('backup', harness.backup(name)?.metadata.uid ?? '');
  harness.cluster.endRun(child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
  await harness.until(() => harness.backup(name)?.status?.phase === 'Completed');
  await harness.quiesce();
}

describe('backups beyond the limit', () => {
  it('are captured at once, wait with their place in the queue and move in order of age', async () => {
    limit({ backups: 1 });
    await harness.start();
    await addBackups('a', 'b', 'c');
    expect(phases('a', 'b', 'c')).toEqual(['Moving', 'Queued', 'Queued']);
    expect(harness.backup('c')?.status?.capture).toBeDefined();
    expect([harness.backup('b')?.status?.queue?.ahead, harness.backup('c')?.status?.queue?.ahead]).toEqual([
      0, 1,
    ]);
    await finish('a');
    expect(phases('a', 'b', 'c')).toEqual(['Completed', 'Moving', 'Queued']);
    await harness.advance(31_000);
    expect(harness.backup('c')?.status?.queue).toEqual({
      ahead: 0,
      reason: '1 of 1 slots of DataMoverClass volsync are in use',
    });
    await finish('b');
    await finish('c');
    expect(phases('a', 'b', 'c')).toEqual(['Completed', 'Completed', 'Completed']);
    expect(harness.backup('c')?.status).not.toHaveProperty('queue');
  });

  it('own nothing while they wait but the snapshot that was captured for them', async () => {
    limit({ backups: 1 });
    await harness.start();
    await addBackups('a');
    await harness.addSource('claim-of-b', 'data of b');
    const before = harness.inventory();
    harness.addBackup('b', (backup) => {
      backup.spec.dataSourceRef.name = 'claim-of-b';
    });
    await harness.advance(3_000);
    expect(phases('b')).toEqual(['Queued']);
    const { snapshotHandle, volumeSnapshot, volumeSnapshotContent } = harness.backup('b')!.status!.capture!;
    expect(harness.inventory().filter((line) => !before.includes(line))).toEqual([
      `VolumeSnapshot app/${volumeSnapshot}`,
      `VolumeSnapshotContent ${volumeSnapshotContent}`,
      `storage ${snapshotHandle}`,
    ]);
  });

  it('move side by side up to the limit, also right after a restart', async () => {
    limit({ backups: 2 });
    await harness.start();
    await addBackups('a', 'b', 'c', 'd');
    await harness.stop();
    await harness.start();
    await harness.advance(3_000);
    expect(phases('a', 'b', 'c', 'd')).toEqual(['Moving', 'Moving', 'Queued', 'Queued']);
    expect(harness.cluster.state.started).toHaveLength(2);
  });

  it('have no queue position after they were canceled while queued', async () => {
    limit({ backups: 1 });
    await harness.start();
    await addBackups('a', 'b', 'c');
    harness.kube.edit(dataMoverBackups, { namespace: 'app', name: 'b' }, ({ spec }) => (spec.cancel = true));
    await harness.until(() => phases('b')[0] === 'Canceled');
    expect(harness.backup('b')?.status).not.toHaveProperty('queue');
    expect(phases('a', 'c')).toEqual(['Moving', 'Queued']);
  });

  it('write nothing while nothing changes for them', async () => {
    limit({ backups: 1 });
    await harness.start();
    await addBackups('a', 'b', 'c');
    await harness.advance(5_000);
    const before = harness.kube.writeCalls().length;
    await harness.advance(1_200_000, 60_000);
    const waiting = harness.kube
      .writeCalls()
      .slice(before)
      .filter(({ key }) => key?.name !== 'a');
    expect(waiting.filter(({ kind }) => kind === dataMoverBackups)).toEqual([]);
  });

  it('move without delays if they were created in the same second', async () => {
    limit({ backups: 2 });
    harness.cluster.state.script = undefined;
    await harness.start();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
    for (const name of names) await harness.addSource(`claim-of-${name}`, `data of ${name}`);
    for (const name of names)
      harness.addBackup(name, (backup) => {
        backup.spec.dataSourceRef.name = `claim-of-${name}`;
      });
    const began = harness.cluster.clock.now();
    await harness.until(() => phases(...names).every((phase) => phase === 'Completed'), 600_000);
    // A move takes the doubles some seconds. Waiting for the next poll of the queue would take half a minute.
    expect(harness.cluster.clock.now() - began).toBeLessThan(29_000);
  });

  it('get their place as soon as another is canceled or fails', async () => {
    limit({ backups: 1 });
    await harness.start();
    await addBackups('a', 'b');
    const child = childName('backup', harness.backup('a')?.metadata.uid ?? '');
    harness.cluster.endRun(child, { end: 'failed', lines: ['Fatal: incorrect password'] });
    await harness.until(() => harness.backup('a')?.status?.phase === 'Failed');
    await harness.quiesce();
    expect(phases('b')).toEqual(['Moving']);
  });
});

describe('backups beyond the limit of a node', () => {
  const queue = (name: string) => harness.backup(name)?.status?.queue;

  it('wait, report why, and continue in order of age', async () => {
    limit({ backups: 9, backupsPerNode: 1 });
    await harness.start();
    await addBackups('a', 'b', 'c');
    expect(phases('a', 'b', 'c')).toEqual(['Moving', 'Queued', 'Queued']);
    expect(harness.backup('b')?.status?.node).toBe('node-1');
    expect([queue('b'), queue('c')]).toEqual([
      { ahead: 0, reason: '1 of 1 slots on node node-1 are in use' },
      { ahead: 1, reason: '1 of 1 slots on node node-1 are in use' },
    ]);
    await finish('a');
    expect(phases('a', 'b', 'c')).toEqual(['Completed', 'Moving', 'Queued']);
  });

  it('wait for the slots of all nodes together if their node is not known', async () => {
    harness.kube.seed(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-2' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    limit({ backups: 9, backupsPerNode: 1 });
    await harness.start();
    await addBackups('a', 'b', 'c');
    expect(phases('a', 'b', 'c')).toEqual(['Moving', 'Moving', 'Queued']);
    expect(queue('c')?.reason).toBe('2 of 2 slots on all nodes together are in use');
  });

  it('wait after a restart as well', async () => {
    limit({ backups: 9, backupsPerNode: 1 });
    await harness.start();
    await addBackups('a', 'b');
    await harness.stop();
    await harness.start();
    await harness.advance(3_000);
    expect(phases('a', 'b')).toEqual(['Moving', 'Queued']);
    expect(harness.cluster.state.started).toHaveLength(1);
  });

  it.each([
    [
      'canceled',
      (key: Key) => void harness.kube.edit(dataMoverBackups, key, ({ spec }) => (spec.cancel = true)),
    ],
    ['deleted', (key: Key) => void harness.kube.client().delete(dataMoverBackups, key)],
  ])('get their place as soon as another is %s', async (_, stop) => {
    limit({ backups: 9, backupsPerNode: 1 });
    await harness.start();
    await addBackups('a', 'b');
    stop({ namespace: 'app', name: 'a' });
    await harness.until(() => phases('b')[0] === 'Moving', 10_000);
  });
});

describe('requests for one repository', () => {
  it('move one after the other', async () => {
    await harness.start();
    await harness.addSource('data', 'precious');
    harness.addBackup('a');
    await harness.advance(1_000);
    harness.addBackup('b');
    await harness.advance(1_000);
    expect(phases('a', 'b')).toEqual(['Moving', 'Queued']);
    expect(harness.backup('b')?.status?.queue?.reason).toBe('app/a is using the same repository');
    await finish('a');
    expect(phases('a', 'b')).toEqual(['Completed', 'Moving']);
    expect(harness.cluster.state.started).toHaveLength(2);
  });

  it('move one after the other also when one is a restore', async () => {
    const [source] = harness.addRepository('old');
    await harness.start();
    await harness.addSource('data', 'precious');
    harness.addBackup('a');
    await harness.advance(1_000);
    harness.addDestination();
    harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
    await harness.advance(1_000);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Queued' });
    harness.cluster.state.script = undefined;
    await finish('a');
    await harness.until(() => harness.restore()?.status?.phase === 'Completed');
  });
});

describe('restores beyond the limit of a node', () => {
  it('wait for other restores on the node, not for backups', async () => {
    limit({ restoresPerNode: 1, backupsPerNode: 1 });
    const [source] = harness.addRepository('precious');
    const elsewhere = { ...source, result: { ...source!.result!, repository: 'c1/app/other' } };
    await harness.start();
    await addBackups('a');
    for (const [name, from] of Object.entries({ r1: source, r2: elsewhere })) {
      harness.addDestination(`target-of-${name}`);
      harness.addRestore(name, ({ spec }) => {
        Object.assign(spec, { source: from, destinationClaimRef: { name: `target-of-${name}` } });
      });
      await harness.advance(1_000);
    }
    const [first, second] = [harness.restore('r1')?.status, harness.restore('r2')?.status];
    expect([first?.phase, first?.node]).toEqual(['Moving', 'node-1']);
    expect([second?.phase, second?.queue]).toEqual([
      'Queued',
      { ahead: 0, reason: '1 of 1 slots on node node-1 are in use' },
    ]);
  });
});

describe('a restore that waits for its destination', () => {
  it('takes no place from one that could go', async () => {
    limit({ restores: 1 });
    harness.cluster.state.script = undefined;
    const [source] = harness.addRepository('precious');
    await harness.start();
    harness.addRestore('early', (restore) => {
      Object.assign(restore.spec, { source, destinationClaimRef: { name: 'not-there-yet' } });
    });
    await harness.advance(2_000);
    harness.addDestination();
    harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
    await harness.until(() => harness.restore()?.status?.phase === 'Completed', 10_000);
    expect(harness.restore('early')?.status?.phase).toBe('Pending');
  });
});
