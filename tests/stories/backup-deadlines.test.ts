import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { events, persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { volumeSnapshots } from '../../api/kubernetes/snapshot.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { BackupStory } from './support/backup-story.ts';
import { running } from './support/running.ts';

let harness: BackupStory;

beforeEach(async () => {
  harness = new BackupStory();
  await harness.addSource('data', 'precious');
});

afterEach(() => harness.stop());

describe('a step that does not move on', () => {
  beforeEach(() => {
    harness.setDeadlines({
      captureSeconds: 60,
      stagingSeconds: 90,
      moverStartSeconds: 120,
      noProgressSeconds: 300,
    });
  });

  async function failsAfter(seconds: number) {
    const startedAt = harness.cluster.clock.now();
    const { phase, failure } = await harness.end((seconds + 60) * 1_000);
    expect(phase).toBe('Failed');
    const lasted = (harness.cluster.clock.now() - startedAt) / 1_000;
    expect(lasted).toBeGreaterThanOrEqual(seconds - 5);
    expect(lasted).toBeLessThan(seconds + 15);
    expect(harness.inventory()).toEqual(harness.before);
    return failure!;
  }

  it('fails when no snapshot is cut', async () => {
    harness.cluster.hold('cut');
    await harness.begin();
    const { reason, message } = await failsAfter(60);
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('no snapshot after 60 s');
  });

  it("fails with the CSI driver's words when it refuses to cut", async () => {
    harness.cluster.state.snapshotError = 'rpc error: pool is full';
    await harness.begin();
    const { reason, message } = await failsAfter(60);
    expect(reason).toBe('SnapshotFailed');
    expect(message).toContain('pool is full');
  });

  it.each(['ready', 'provision'] as const)('fails when staging makes no progress (%s)', async (duty) => {
    harness.cluster.hold(duty);
    await harness.begin();
    const { reason, message } = await failsAfter(90);
    expect(reason).toBe('StagingFailed');
    expect(message).toContain(harness.child);
  });

  it('deletes a snapshot only after the staging claim that refers to it', async () => {
    harness.cluster.hold('provision');
    await harness.begin();
    await harness.reach('Staging');
    await harness.advance(2_000);
    const claims: unknown[] = [];
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'delete' && kind === volumeSnapshots && key?.namespace === 'velero')
        claims.push(harness.kube.peek(persistentVolumeClaims, { namespace: 'velero', name: harness.child }));
    };
    const { reason } = await failsAfter(90);
    expect(reason).toBe('StagingFailed');
    expect(claims.length).toBeGreaterThan(0);
    expect(claims.filter((claim) => claim !== undefined)).toEqual([]);
  });

  it("fails with the provisioner's last message if the staging claim gets no volume", async () => {
    harness.cluster.hold('provision');
    await harness.begin();
    const say = (message: string, lastTimestamp: string): void => {
      harness.kube.seed(events, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'velero', name: `event-${lastTimestamp}` },
        involvedObject: { kind: 'PersistentVolumeClaim', name: harness.child },
        type: 'Warning',
        reason: 'ProvisioningFailed',
        message,
        lastTimestamp,
      });
    };
    say('rpc error: pool is full', '2026-01-01T00:01:00Z');
    say('rpc error: pool is busy', '2026-01-01T00:00:30Z');
    const { reason, message } = await failsAfter(90);
    expect(reason).toBe('StagingFailed');
    expect(message).toMatch(/its Events: ProvisioningFailed: rpc error: pool is full$/);
  });

  it('reports that an object cannot be created, and fails at the deadline', async () => {
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 500, reason: 'InternalError', message: 'failed calling webhook "w"' });
    };
    await harness.begin();
    // The delay between two attempts grows: the first one after ten seconds may be later than twenty.
    await harness.advance(40_000);
    expect(harness.backup()?.status).toMatchObject({
      phase: 'Staging',
      message: 'failed calling webhook "w"',
    });
    const { reason, message } = await failsAfter(50);
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toBe('not possible for 90 s: failed calling webhook "w"');
  });

  it('continues when the object can be created before the deadline', async () => {
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 500, reason: 'InternalError', message: 'failed calling webhook "w"' });
    };
    await harness.begin();
    await harness.advance(60_000);
    harness.kube.restart();
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it("fails with the scheduler's words when the mover's pod is not scheduled", async () => {
    harness.cluster.state.script = () => ({ end: 'unscheduled', lines: [] });
    await harness.begin();
    const { reason, message } = await failsAfter(120);
    expect(reason).toBe('Unschedulable');
    expect(message).toContain('Insufficient memory');
  });

  it('fails when VolSync is not there', async () => {
    harness.cluster.hold('volsync');
    await harness.begin();
    const { message } = await failsAfter(120);
    expect(message).toContain('waiting for VolSync');
  });

  it('fails when the mover falls silent', async () => {
    harness.cluster.state.script = running;
    await harness.begin();
    const { reason, message } = await failsAfter(300);
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('no progress for 300 s');
  });

  it('continues as long as the mover writes to its log, even without progress', async () => {
    harness.cluster.state.script = running;
    await harness.begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
    for (let minute = 0; minute < 10; minute++) {
      await harness.advance(60_000, 30_000);
      harness.cluster.say(harness.child, 'repacking packs');
    }
    expect(harness.backup()?.status?.phase).toBe('Moving');
    harness.cluster.endRun(harness.child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await harness.end()).toMatchObject({ phase: 'Completed' });
  });

  it('applies the start deadline to the second pod of a mover separately', async () => {
    harness.cluster.state.script = ({ attempt }) =>
      attempt === 1 ? { end: 'running', lines: ['Starting container'] } : { end: 'unscheduled', lines: [] };
    await harness.begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
    await harness.advance(200_000, 20_000);
    harness.cluster.endRun(harness.child, {
      end: 'failed',
      exitCode: 1,
      lines: ['read tcp: connection reset by peer'],
    });
    await harness.advance(60_000, 5_000);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Moving' });
    const { message } = await failsAfter(70);
    expect(message).toContain('did not start');
  });
});
