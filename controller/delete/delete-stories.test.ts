import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, type Job } from '../../api/external/core.ts';
import type { DataMoverDelete } from '../../api/v1alpha1/data-mover-delete.ts';
import { childName } from '../../api/v1alpha1/names.ts';
import { dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { World } from '../../tests/fakes/cluster/world.ts';

const PROTECTED = 'velero';

let world: World;

beforeEach(async () => {
  world = new World();
  await world.start();
});

afterEach(() => world.stop());

type Result = DataMoverDelete['spec']['result'];

const RECORD: Result = { mover: 'VolSync', repository: 'c1/app/data', snapshotID: 'abcdef01' };

function addDelete(name: string, result: Result = RECORD, namespace = PROTECTED): void {
  world.kube.seed(dataMoverDeletes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverDelete',
    metadata: { namespace, name },
    spec: { result },
  });
}

function current(name: string, namespace = PROTECTED): DataMoverDelete | undefined {
  return world.kube.peek(dataMoverDeletes, { namespace, name });
}

function jobKey(request: string): { namespace: string; name: string } {
  return { namespace: PROTECTED, name: childName('delete', current(request)?.metadata.uid ?? '') };
}

function jobOf(request: string): (Job & { spec?: unknown }) | undefined {
  return world.kube.peek(jobs, jobKey(request));
}

/** Plays the kubelet: the Job's pod has ended well. */
function succeed(request: string): void {
  world.kube.edit(jobs, jobKey(request), (job) => {
    job.status = { succeeded: 1 };
  });
}

describe('the removal of a backup', () => {
  it('has restic remove exactly the recorded snapshot, and leaves nothing behind', async () => {
    const before = world.inventory();
    addDelete('one');
    await world.until(() => jobOf('one') !== undefined);
    expect(JSON.stringify(jobOf('one')?.spec)).toContain('"forget","--prune","abcdef01"');
    expect(current('one')?.status).toMatchObject({ phase: 'Deleting', repositoryPath: 'c1/app/data' });
    succeed('one');
    await world.until(() => current('one')?.status?.phase === 'Completed');
    expect(world.inventory()).toEqual(before);
    expect(current('one')?.metadata.finalizers ?? []).toEqual([]);
  });

  it('has nothing to do for an empty volume', async () => {
    addDelete('one', { mover: 'VolSync', repository: 'c1/app/data', empty: true });
    await world.until(() => current('one')?.status?.phase === 'Completed');
    expect(jobOf('one')).toBeUndefined();
  });

  it('waits while another request uses the repository', async () => {
    addDelete('first');
    await world.until(() => jobOf('first') !== undefined);
    addDelete('second', { ...RECORD, snapshotID: 'abcdef02' });
    await world.until(() => current('second')?.status?.queue !== undefined);
    expect(current('second')?.status?.message).toMatch(/velero\/first is using the same repository/);
    succeed('first');
    await world.until(() => jobOf('second') !== undefined);
    expect(current('first')?.status?.phase).toBe('Completed');
  });

  it('fails without touching anything when the record is not one', async () => {
    addDelete('one', { ...RECORD, repository: '../other' });
    await world.until(() => current('one')?.status?.phase === 'Failed');
    expect(current('one')?.status?.failure).toMatchObject({ reason: 'InvalidRequest' });
    expect(jobOf('one')).toBeUndefined();
  });

  it("is not asked for in a tenant's namespace", async () => {
    addDelete('one', RECORD, 'app');
    await world.advance(5_000);
    expect(current('one', 'app')?.status).toBeUndefined();
    expect(jobOf('one')).toBeUndefined();
  });

  it('goes on after a restart where it was', async () => {
    addDelete('one');
    await world.until(() => jobOf('one') !== undefined);
    await world.stop();
    succeed('one');
    await world.start();
    await world.until(() => current('one')?.status?.phase === 'Completed');
  });
});
