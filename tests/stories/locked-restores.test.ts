import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs } from '../../api/kubernetes/core.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { timeOf } from '../fakes/cluster/state.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const LOCKED = 'ERROR: failure locking repository';

let harness: ControllerHarness;
let before: string[];

/** The Job that removes stale locks has the name that all children of the restore have. */
const unlocking = () => ({
  namespace: 'velero',
  name: childName('restore', harness.restore()?.metadata.uid ?? ''),
});

/** A restore finds a lock, and a Job starts to remove stale ones. */
beforeEach(async () => {
  harness = new ControllerHarness();
  const [source] = harness.addRepository('precious');
  harness.addDestination();
  await harness.quiesce();
  before = harness.inventory();
  harness.cluster.state.script = () => ({ end: 'failed', exitCode: 3, lines: [LOCKED] });
  await harness.start();
  harness.addRestore('r1', (restore) => {
    if (source !== undefined) restore.spec.source = source;
  });
  await harness.until(() => harness.kube.peek(jobs, unlocking()) !== undefined);
});

afterEach(() => harness.stop());

function unlocked(): void {
  harness.kube.edit(jobs, unlocking(), (job) => {
    job.status = { succeeded: 1, completionTime: timeOf(harness.cluster.clock) };
  });
}

describe('a restore whose repository a killed mover has left locked', () => {
  it('waits until stale locks are removed, and continues with the next try of its mover', async () => {
    expect(JSON.stringify(harness.kube.peek(jobs, unlocking()))).toContain(
      String.raw`restic unlock\nexec restic`,
    );
    await harness.advance(25_000);
    expect(harness.restore()?.status).toMatchObject({
      phase: 'Moving',
      message: 'restic is removing stale locks of the repository',
    });
    harness.cluster.state.script = undefined;
    unlocked();
    await harness.until(() => harness.restore()?.status?.phase === 'Completed');
    expect(harness.read({ namespace: APP, name: 'restored' })).toBe('precious');
    await harness.advance(3_000);
    expect(harness.kube.peek(jobs, unlocking())).toBeUndefined();
  });

  it('fails when the repository is locked after that, too', async () => {
    await harness.advance(1_000);
    unlocked();
    await harness.until(() => harness.restore()?.status?.completionTimestamp !== undefined);
    const { failure } = harness.restore()!.status!;
    expect(failure?.reason).toBe('RepositoryLocked');
    expect(failure?.message).toContain(LOCKED);
    await harness.advance(3_000);
    expect(harness.inventory()).toEqual(before);
  });

  it('takes the Job along when it is canceled', async () => {
    await harness.kube
      .client()
      .mergePatch(dataMoverRestores, { namespace: APP, name: 'r1' }, { spec: { cancel: true } });
    await harness.until(() => harness.restore()?.status?.phase === 'Canceled');
    expect(harness.inventory()).toEqual(before);
  });
});
