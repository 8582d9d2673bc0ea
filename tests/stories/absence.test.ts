import { afterEach, describe, expect, it } from '@jest/globals';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import type { Duty } from '../fakes/cluster/state.ts';
import { World } from '../fakes/cluster/world.ts';

/**
 * No controller runs for longer than every limit of the class. What was started before, or has been done since, must still count.
 */

/** Longer than all limits, including the total one. */
const AWAY_MS = 4 * 3_600_000;

const running: World[] = [];
afterEach(async () => {
  for (const world of running.splice(0)) await world.stop();
});

type Mover = 'VolSync' | 'Restic';
type Story = 'backup' | 'restore';

function newWorld(mover: Mover, verify: DataMoverClassSpec['verify'] = 'None'): World {
  const world = new World();
  running.push(world);
  world.addClass(({ spec }) => Object.assign(spec, { mover, verify, deadlines: { totalSeconds: 3_600 } }));
  return world;
}

async function begin(world: World, story: Story): Promise<void> {
  await world.addSource('data', 'precious');
  if (story === 'backup') {
    world.addBackup('b1');
    return;
  }
  const [source] = world.addRepository('precious');
  world.addDestination();
  world.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
}

const statusOf = (world: World, story: Story) =>
  story === 'backup' ? world.backup()?.status : world.restore()?.status;
const isOver = (world: World, story: Story): boolean =>
  ['Completed', 'Failed', 'Canceled'].includes(statusOf(world, story)?.phase ?? '');

async function beAway(world: World): Promise<void> {
  await world.stop();
  world.kube.restart();
  await world.cluster.clock.advance(AWAY_MS);
  await world.quiesce();
}

/** Kills the controller at write number `count`, from 0. Returns false if the story has fewer writes. */
async function tell(story: Story, mover: Mover, verify: 'None' | 'Data', count: number): Promise<boolean> {
  const world = newWorld(mover, verify);
  await begin(world, story);
  await world.start();
  const crash = (): never => {
    throw new CrashError('the process died');
  };
  const died = world.faultAtWrite(count, crash, { late: true, lasting: true });
  await world.until(() => died() || isOver(world, story));
  if (died()) {
    await beAway(world);
    await world.start();
    await world.until(() => isOver(world, story));
  }
  const { phase, message, conditions = [] } = statusOf(world, story) ?? {};
  const cleanedUp = conditions.find(({ type }) => type === 'CleanedUp');
  expect({ phase, message, cleanedUp: cleanedUp?.status }).toMatchObject({
    phase: 'Completed',
    cleanedUp: 'True',
  });
  await world.stop();
  return died();
}

describe.each<[Story, Mover, 'None' | 'Data']>([
  ['backup', 'VolSync', 'Data'],
  ['backup', 'Restic', 'Data'],
  ['restore', 'VolSync', 'Data'],
  ['restore', 'Restic', 'Data'],
])('a %s by %s, verified: %s', (story, mover, verify) => {
  it('ends well whichever write it is after which no controller runs for four hours', async () => {
    let count = 0;
    try {
      while (await tell(story, mover, verify, count)) count++;
    } catch (error) {
      throw new Error(`write ${String(count + 1)}: ${error instanceof Error ? error.message : ''}`, {
        cause: error,
      });
    }
    expect(count).toBeGreaterThan(10);
  }, 60_000);
});

describe('a mover that runs while no controller does', () => {
  it.each<[Mover, string]>([
    ['Restic', '{"message_type":"status","bytes_done":3,"total_bytes":8}'],
    ['VolSync', '[0:01] 10.00%  1 files 3 B'],
  ])('is not given up before its log is read, and is afterwards: %s', async (mover, line) => {
    const world = newWorld(mover);
    world.cluster.state.script = () => ({ end: 'running', lines: [line] });
    await begin(world, 'backup');
    await world.start();
    await world.until(() => statusOf(world, 'backup')?.phase === 'Moving');
    await beAway(world);
    world.cluster.podLogFault = () =>
      new KubeError({ code: 500, reason: 'InternalError', message: 'the kubelet does not answer' });
    await world.start();
    await world.advance(60_000, 10_000);
    world.cluster.podLogFault = undefined;
    await world.advance(30_000, 10_000);
    expect(statusOf(world, 'backup')).toMatchObject({ phase: 'Moving' });
    await world.advance(AWAY_MS, 60_000);
    expect(statusOf(world, 'backup')).toMatchObject({
      phase: 'Failed',
      failure: { reason: 'DeadlineExceeded' },
    });
  });
});

describe('a request that waits for the cluster while no controller runs', () => {
  it.each<[Story, Duty]>([
    ['backup', 'cut'],
    ['backup', 'ready'],
    ['backup', 'provision'],
    ['backup', 'volsync'],
    ['backup', 'release claims'],
    ['restore', 'provision'],
    ['restore', 'volsync'],
    ['restore', 'bind'],
    ['restore', 'release claims'],
  ])('still gets what it waits for soon afterwards: a %s, "%s"', async (story, duty) => {
    const world = newWorld('VolSync');
    await begin(world, story);
    await world.quiesce();
    world.cluster.hold(duty);
    await world.start();
    await world.advance(20_000);
    expect(isOver(world, story)).toBe(false);
    await beAway(world);
    await world.start();
    await world.advance(60_000, 10_000);
    world.cluster.release(duty);
    await world.until(() => isOver(world, story));
    const { phase, message, conditions = [] } = statusOf(world, story) ?? {};
    expect({ phase, message }).toMatchObject({ phase: 'Completed' });
    expect(conditions.find(({ type }) => type === 'CleanedUp')).toMatchObject({ status: 'True' });
  });
});

describe('what VolSync says while no controller runs', () => {
  it('is proved by the log, which is read first', async () => {
    const world = newWorld('VolSync', 'None');
    // The pod is kept for a while, and only its log contains the id of the snapshot.
    world.cluster.hold('collect');
    world.cluster.state.losesLogs = true;
    await begin(world, 'backup');
    world.cluster.state.script = () => ({ end: 'running', lines: [] });
    await world.start();
    await world.until(() => world.cluster.state.started.length > 0);
    const name = world.kube.peekAll(replicationSources)[0]?.metadata.name ?? '';
    await world.stop();
    world.kube.restart();
    const lines = ['processed 3 files, 8 B in 0:00', 'snapshot abcdef09 saved', '=== Done ==='];
    world.cluster.endRun(name, { end: 'succeeded', lines });
    await world.quiesce();
    await world.cluster.clock.advance(AWAY_MS);
    const fault = new KubeError({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    world.cluster.podLogFault = () => fault;
    await world.start();
    await world.advance(3_000);
    world.cluster.podLogFault = undefined;
    await world.until(() => isOver(world, 'backup') || world.backup()?.status?.result !== undefined);
    world.cluster.release('collect');
    await world.until(() => isOver(world, 'backup'));
    expect(statusOf(world, 'backup')).toMatchObject({
      phase: 'Completed',
      result: { snapshotID: 'abcdef09' },
    });
  });

  it('is an error only if it stays', async () => {
    const world = newWorld('VolSync', 'None');
    await begin(world, 'backup');
    world.cluster.state.script = () => ({ end: 'running', lines: [] });
    await world.start();
    await world.until(() => world.cluster.state.started.length > 0);
    const name = world.kube.peekAll(replicationSources)[0]?.metadata.name ?? '';
    world.cluster.state.volSyncErrors.set(name, 'Operation cannot be fulfilled on jobs.batch');
    world.cluster.wake();
    await world.quiesce();
    await beAway(world);
    await world.start();
    await world.advance(10_000);
    expect(statusOf(world, 'backup')?.message).toContain('VolSync reports: Operation cannot be fulfilled');
    world.cluster.state.volSyncErrors.delete(name);
    const lines = ['processed 3 files, 8 B in 0:00', 'snapshot abcdef09 saved', '=== Done ==='];
    world.cluster.endRun(name, { end: 'succeeded', lines });
    await world.until(() => isOver(world, 'backup'));
    expect(statusOf(world, 'backup')?.phase).toBe('Completed');
  });
});
