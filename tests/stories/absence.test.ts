import { afterEach, describe, expect, it } from '@jest/globals';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import type { Duty } from '../fakes/cluster/state.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * No controller runs for longer than every limit of the class. What was started before, or has been done since, must still count.
 */

/** Longer than all limits, including the total one. */
const AWAY_MS = 4 * 3_600_000;

const running: ControllerHarness[] = [];
afterEach(async () => {
  for (const harness of running.splice(0)) await harness.stop();
});

type Mover = 'VolSync' | 'Restic';
type Story = 'backup' | 'restore';

function newWorld(mover: Mover, verify: DataMoverClassSpec['verify'] = 'None'): ControllerHarness {
  const harness = new ControllerHarness();
  running.push(harness);
  harness.addClass(({ spec }) => Object.assign(spec, { mover, verify, deadlines: { totalSeconds: 3_600 } }));
  return harness;
}

async function begin(harness: ControllerHarness, story: Story): Promise<void> {
  await harness.addSource('data', 'precious');
  if (story === 'backup') {
    harness.addBackup('b1');
    return;
  }
  const [source] = harness.addRepository('precious');
  harness.addDestination();
  harness.addRestore('r1', (restore) => Object.assign(restore.spec, { source }));
}

const statusOf = (harness: ControllerHarness, story: Story) =>
  story === 'backup' ? harness.backup()?.status : harness.restore()?.status;
const isOver = (harness: ControllerHarness, story: Story): boolean =>
  ['Completed', 'Failed', 'Canceled'].includes(statusOf(harness, story)?.phase ?? '');

async function beAway(harness: ControllerHarness): Promise<void> {
  await harness.stop();
  harness.kube.restart();
  await harness.cluster.clock.advance(AWAY_MS);
  await harness.quiesce();
}

/** Kills the controller at write number `count`, from 0. Returns false if the story has fewer writes. */
async function tell(story: Story, mover: Mover, verify: 'None' | 'Data', count: number): Promise<boolean> {
  const harness = newWorld(mover, verify);
  await begin(harness, story);
  await harness.start();
  const crash = (): never => {
    throw new CrashError('the process died');
  };
  const died = harness.faultAtWrite(count, crash, { late: true, lasting: true });
  await harness.until(() => died() || isOver(harness, story));
  if (died()) {
    await beAway(harness);
    await harness.start();
    await harness.until(() => isOver(harness, story));
  }
  const { phase, message, conditions = [] } = statusOf(harness, story) ?? {};
  const cleanedUp = conditions.find(({ type }) => type === 'CleanedUp');
  expect({ phase, message, cleanedUp: cleanedUp?.status }).toMatchObject({
    phase: 'Completed',
    cleanedUp: 'True',
  });
  await harness.stop();
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
  });
});

describe('a mover that runs while no controller does', () => {
  it.each<[Mover, string]>([
    ['Restic', '{"message_type":"status","bytes_done":3,"total_bytes":8}'],
    ['VolSync', '[0:01] 10.00%  1 files 3 B'],
  ])('is not given up before its log is read, and is afterwards: %s', async (mover, line) => {
    const harness = newWorld(mover);
    harness.cluster.state.script = () => ({ end: 'running', lines: [line] });
    await begin(harness, 'backup');
    await harness.start();
    await harness.until(() => statusOf(harness, 'backup')?.phase === 'Moving');
    await beAway(harness);
    harness.cluster.podLogFault = () =>
      new KubeError({ code: 500, reason: 'InternalError', message: 'the kubelet does not answer' });
    await harness.start();
    await harness.advance(60_000, 10_000);
    harness.cluster.podLogFault = undefined;
    await harness.advance(30_000, 10_000);
    expect(statusOf(harness, 'backup')).toMatchObject({ phase: 'Moving' });
    await harness.advance(AWAY_MS, 60_000);
    expect(statusOf(harness, 'backup')).toMatchObject({
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
    const harness = newWorld('VolSync');
    await begin(harness, story);
    await harness.quiesce();
    harness.cluster.hold(duty);
    await harness.start();
    await harness.advance(20_000);
    expect(isOver(harness, story)).toBe(false);
    await beAway(harness);
    await harness.start();
    await harness.advance(60_000, 10_000);
    harness.cluster.release(duty);
    await harness.until(() => isOver(harness, story));
    const { phase, message, conditions = [] } = statusOf(harness, story) ?? {};
    expect({ phase, message }).toMatchObject({ phase: 'Completed' });
    expect(conditions.find(({ type }) => type === 'CleanedUp')).toMatchObject({ status: 'True' });
  });
});

describe('what VolSync reports while no controller runs', () => {
  it('is proved by the log, which is read first', async () => {
    const harness = newWorld('VolSync', 'None');
    // The pod is kept for a while, and only its log contains the id of the snapshot.
    harness.cluster.hold('collect');
    harness.cluster.state.losesLogs = true;
    await begin(harness, 'backup');
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    await harness.start();
    await harness.until(() => harness.cluster.state.started.length > 0);
    const name = harness.kube.peekAll(replicationSources)[0]?.metadata.name ?? '';
    await harness.stop();
    harness.kube.restart();
    const lines = ['processed 3 files, 8 B in 0:00', 'snapshot abcdef09 saved', '=== Done ==='];
    harness.cluster.endRun(name, { end: 'succeeded', lines });
    await harness.quiesce();
    await harness.cluster.clock.advance(AWAY_MS);
    const fault = new KubeError({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    harness.cluster.podLogFault = () => fault;
    await harness.start();
    await harness.advance(3_000);
    harness.cluster.podLogFault = undefined;
    await harness.until(() => isOver(harness, 'backup') || harness.backup()?.status?.result !== undefined);
    harness.cluster.release('collect');
    await harness.until(() => isOver(harness, 'backup'));
    expect(statusOf(harness, 'backup')).toMatchObject({
      phase: 'Completed',
      result: { snapshotID: 'abcdef09' },
    });
  });

  it('is an error only if it stays', async () => {
    const harness = newWorld('VolSync', 'None');
    await begin(harness, 'backup');
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    await harness.start();
    await harness.until(() => harness.cluster.state.started.length > 0);
    const name = harness.kube.peekAll(replicationSources)[0]?.metadata.name ?? '';
    harness.cluster.state.volSyncErrors.set(name, 'Operation cannot be fulfilled on jobs.batch');
    harness.cluster.wake();
    await harness.quiesce();
    await beAway(harness);
    await harness.start();
    await harness.advance(10_000);
    expect(statusOf(harness, 'backup')?.message).toContain('VolSync reports: Operation cannot be fulfilled');
    harness.cluster.state.volSyncErrors.delete(name);
    const lines = ['processed 3 files, 8 B in 0:00', 'snapshot abcdef09 saved', '=== Done ==='];
    harness.cluster.endRun(name, { end: 'succeeded', lines });
    await harness.until(() => isOver(harness, 'backup'));
    expect(statusOf(harness, 'backup')?.phase).toBe('Completed');
  });
});
