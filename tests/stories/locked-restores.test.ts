import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs } from '../../api/kubernetes/core.ts';
import { dataMoverRestores } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { timeOf } from '../fakes/cluster/state.ts';
import { APP, World } from '../fakes/cluster/world.ts';

const LOCKED = 'ERROR: failure locking repository';

let world: World;
let before: string[];

/** The Job that removes stale locks has the name that all children of the restore have. */
const unlocking = () => ({
  namespace: 'velero',
  name: childName('restore', world.restore()?.metadata.uid ?? ''),
});

/** A restore finds a lock, and a Job starts to remove stale ones. */
beforeEach(async () => {
  world = new World();
  const [source] = world.addRepository('precious');
  world.addDestination();
  await world.quiesce();
  before = world.inventory();
  world.cluster.state.script = () => ({ end: 'failed', exitCode: 3, lines: [LOCKED] });
  await world.start();
  world.addRestore('r1', (restore) => {
    if (source !== undefined) restore.spec.source = source;
  });
  await world.until(() => world.kube.peek(jobs, unlocking()) !== undefined);
});

afterEach(() => world.stop());

function unlocked(): void {
  world.kube.edit(jobs, unlocking(), (job) => {
    job.status = { succeeded: 1, completionTime: timeOf(world.cluster.clock) };
  });
}

describe('a restore whose repository a killed mover has left locked', () => {
  it('waits until stale locks are removed, and goes on with the next try of its mover', async () => {
    expect(JSON.stringify(world.kube.peek(jobs, unlocking()))).toContain(
      String.raw`restic unlock\nexec restic`,
    );
    await world.advance(25_000);
    expect(world.restore()?.status).toMatchObject({
      phase: 'Moving',
      message: 'restic is removing stale locks of the repository',
    });
    world.cluster.state.script = undefined;
    unlocked();
    await world.until(() => world.restore()?.status?.phase === 'Completed');
    expect(world.read({ namespace: APP, name: 'restored' })).toBe('precious');
    await world.advance(3_000);
    expect(world.kube.peek(jobs, unlocking())).toBeUndefined();
  });

  it('fails when the repository is locked after that, too', async () => {
    await world.advance(1_000);
    unlocked();
    await world.until(() => world.restore()?.status?.completionTimestamp !== undefined);
    const { failure } = world.restore()!.status!;
    expect(failure?.reason).toBe('RepositoryLocked');
    expect(failure?.message).toContain(LOCKED);
    await world.advance(3_000);
    expect(world.inventory()).toEqual(before);
  });

  it('takes the Job along when it is canceled', async () => {
    await world.kube
      .client()
      .mergePatch(dataMoverRestores, { namespace: APP, name: 'r1' }, { spec: { cancel: true } });
    await world.until(() => world.restore()?.status?.phase === 'Canceled');
    expect(world.inventory()).toEqual(before);
  });
});
