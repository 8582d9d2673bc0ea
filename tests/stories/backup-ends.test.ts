import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  events,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import {
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../api/kubernetes/snapshot.ts';
import { replicationSources } from '../../api/volsync/v1alpha1.ts';
import type { Kind, Resource } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { KubeError } from '../../kube/client/kube-error.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;
let child: string;
/** The objects before the backup; exactly these must exist after it, however it ends. */
let before: string[];

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.addSource('data', 'precious');
  before = harness.inventory();
});

afterEach(() => harness.stop());

async function begin(change?: (backup: DataMoverBackup) => void): Promise<void> {
  await harness.start();
  child = childName('backup', harness.addBackup('b1', change).metadata.uid ?? '');
}

async function reach(phase: string): Promise<void> {
  await harness.until(() => harness.backup()?.status?.phase === phase);
}

async function end(limitMs?: number) {
  await harness.until(() => harness.backup()?.status?.completionTimestamp !== undefined, limitMs);
  await harness.advance(3_000);
  return harness.backup()!.status!;
}

const running = () => ({ end: 'running' as const, lines: ['Starting container'] });

/** How to hold a backup in each of its phases. */
const phases: [string, () => void][] = [
  ['Capturing', () => harness.cluster.hold('cut')],
  ['Queued', () => occupyRepository()],
  ['Staging', () => harness.cluster.hold('ready')],
  ['Staging', () => harness.cluster.hold('provision')],
  ['Moving', () => harness.cluster.hold('volsync')],
  ['Moving', () => void (harness.cluster.state.script = running)],
];

/** Adds another backup, served by another controller, that uses the repository and never ends. */
function occupyRepository(): void {
  const servedBy = harness.addForeignController();
  harness.addBackup('other', (object) => {
    object.status = {
      phase: 'Moving',
      mover: 'Other',
      dataMoverClass: 'volsync',
      servedBy,
      admittedAt: '2026-01-01T00:00:00Z',
      repositoryPath: 'c1/app/data',
    };
  });
}

describe('a backup that is canceled', () => {
  it.each(phases)('while %s leaves nothing behind (%#)', async (phase, keep) => {
    keep();
    await begin();
    await reach(phase);
    await harness.advance(2_000);
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    expect(await end()).toMatchObject({ phase: 'Canceled', failure: { reason: 'Canceled' } });
    expect(harness.inventory()).toEqual(before);
    expect(harness.backup()?.metadata.finalizers).toEqual([]);
  });

  it('before its first pass never starts', async () => {
    await begin((backup) => {
      backup.spec.cancel = true;
    });
    expect(await end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.cluster.state.started).toEqual([]);
    expect(harness.inventory()).toEqual(before);
  });

  it('after its data arrived completes all the same', async () => {
    harness.cluster.hold('collect');
    await begin();
    await reach('CleaningUp');
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    harness.cluster.release('collect');
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it('takes its snapshot along when the snapshot controller learns too late that it should', async () => {
    harness.cluster.hold('ready');
    await begin();
    await reach('Staging');
    const { volumeSnapshotContent: name = '' } = harness.backup()!.status!.capture!;
    const policy = (deletionPolicy: 'Delete' | 'Retain'): void => {
      harness.kube.edit(volumeSnapshotContents, { name }, ({ spec }) =>
        Object.assign(spec, { deletionPolicy }),
      );
    };
    policy('Retain');
    harness.kube.reactors.add((kind, before, after) => {
      const isOurs = kind === (volumeSnapshots as Kind<Resource>) && before?.metadata.namespace === APP;
      if (isOurs && after === undefined) policy('Delete');
    });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    expect(await end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.inventory()).toEqual(before);
  });

  it('right after the cut, before that was recorded, takes its snapshot along', async () => {
    harness.cluster.hold('cut');
    await begin();
    await reach('Capturing');
    await harness.stop();
    harness.cluster.release('cut');
    await harness.quiesce();
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.spec.cancel = true;
    });
    await harness.start();
    expect(await end()).toMatchObject({ phase: 'Canceled' });
    expect(harness.inventory()).toEqual(before);
  });
});

describe('a backup that is deleted', () => {
  it.each(phases)('while %s is removed after all of its children (%#)', async (phase, keep) => {
    keep();
    await begin();
    await reach(phase);
    await harness.advance(2_000);
    await harness.kube.client().delete(dataMoverBackups, { namespace: APP, name: 'b1' });
    await harness.until(() => harness.backup() === undefined);
    expect(harness.inventory()).toEqual(before);
  });

  it.each(phases)('while %s against our finalizer leaves nothing behind either (%#)', async (phase, keep) => {
    keep();
    await begin();
    await reach(phase);
    await harness.advance(2_000);
    const key = { namespace: APP, name: 'b1' };
    harness.kube.edit(dataMoverBackups, key, (object) => {
      object.metadata.finalizers = [];
    });
    harness.kube.remove(dataMoverBackups, key);
    // A new request of the same name is reconciled as usual.
    harness.cluster.state.script = undefined;
    harness.cluster.release('cut', 'ready', 'provision', 'volsync');
    harness.kube.remove(dataMoverBackups, { namespace: APP, name: 'other' });
    harness.addBackup('b1');
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.inventory()).toEqual(before);
  });
});

describe('a backup whose source is deleted', () => {
  const source = { namespace: APP, name: 'data' };
  const others = (): string[] =>
    before.filter((line) => !/app\/data$|PersistentVolume pvc-|storage disk/.test(line));

  it('before it is cut fails at once, in clear words, and leaves nothing behind', async () => {
    harness.cluster.hold('cut');
    await begin();
    await reach('Capturing');
    await harness.advance(2_000);
    harness.kube.remove(persistentVolumeClaims, source);
    const { phase, failure } = await end(10_000);
    expect({ phase, ...failure }).toEqual({
      phase: 'Failed',
      reason: 'SourceNotFound',
      message: 'PersistentVolumeClaim app/data does not exist',
    });
    expect(harness.inventory()).toEqual(others());
  });

  it.each(phases.filter(([phase]) => phase !== 'Capturing'))(
    'while %s, after the cut, has all of its data all the same (%#)',
    async (phase, keep) => {
      keep();
      await begin();
      await reach(phase);
      await harness.advance(2_000);
      harness.kube.remove(persistentVolumeClaims, source);
      await harness.advance(2_000);
      harness.cluster.release('ready', 'provision', 'volsync');
      harness.kube.remove(dataMoverBackups, { namespace: APP, name: 'other' });
      harness.cluster.endRun(child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
      harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
        object.metadata.labels = { touched: 'yes' };
      });
      expect(await end()).toMatchObject({ phase: 'Completed', volume: { pvcName: 'data', capacity: '2Gi' } });
    },
  );
});

describe('a backup in a namespace that is being deleted', () => {
  it('fails at once, in the words of the API server', async () => {
    const message = 'volumesnapshots "x" is forbidden: namespace app is being terminated';
    harness.kube.before = ({ verb, kind }) => {
      if (verb !== 'create' || kind.kind !== 'VolumeSnapshot') return;
      const details = { causes: [{ reason: 'NamespaceTerminating' }] };
      const status = { kind: 'Status' as const, details };
      throw new KubeError({ code: 403, reason: 'Forbidden', message, status });
    };
    await begin();
    expect(await end(5_000)).toMatchObject({
      phase: 'Failed',
      failure: { reason: 'InvalidRequest', message: expect.stringContaining(message) },
    });
    expect(harness.inventory()).toEqual(before);
  });
});

describe('a backup whose class changes under it', () => {
  it('fails when the class is deleted, and leaves nothing behind', async () => {
    harness.cluster.state.script = running;
    await begin();
    await reach('Moving');
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.metadata.labels = { touched: 'yes' };
    });
    const { phase, failure } = await end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'ClassNotFound' });
    expect(harness.inventory()).toEqual(before);
  });

  it("fails when the class changes to another controller's mover, and leaves nothing behind", async () => {
    harness.cluster.state.script = running;
    await begin();
    await reach('Moving');
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, (object) => {
      object.spec.mover = 'Other';
    });
    harness.kube.edit(dataMoverBackups, { namespace: APP, name: 'b1' }, (object) => {
      object.metadata.labels = { touched: 'yes' };
    });
    const { phase, failure } = await end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason: 'InvalidConfig' });
    expect(failure?.message).toContain('from VolSync to another mover');
    expect(harness.inventory()).toEqual(before);
  });

  it('keeps the class that it began with when labels and defaults change', async () => {
    harness.cluster.state.script = running;
    await begin();
    await reach('Moving');
    harness.kube.seed(dataMoverClasses, {
      ...harness.addClass((object) => {
        delete object.metadata.annotations;
      }),
      metadata: { name: 'newer', annotations: { 'oadp.openshift.io/default': 'true' } },
    });
    harness.cluster.endRun(child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await end()).toMatchObject({ phase: 'Completed', dataMoverClass: 'volsync' });
  });
});

describe('a backup that cannot be served', () => {
  async function failureOf(change?: (backup: DataMoverBackup) => void) {
    await begin(change);
    const status = await end(30_000);
    expect(status.phase).toBe('Failed');
    expect(harness.inventory()).toEqual(before);
    expect(harness.cluster.state.started).toEqual([]);
    return status.failure!;
  }

  it.each([
    ['a setting of an unknown name', { cacheSize: '1Gi' }, 'Forbidden', 'spec.config.cacheSize'],
    ['a setting of a wrong type', { cacheCapacity: 5 }, 'InvalidConfig', 'config.cacheCapacity'],
    [
      'the folder above the repositories',
      { repositoryPrefix: 'x' },
      'Forbidden',
      'spec.config.repositoryPrefix',
    ],
    ['the list of allowed secrets', { allowedResticSecrets: ['x'] }, 'Forbidden', 'allowedResticSecrets'],
    ["the mover's ServiceAccount", { moverServiceAccount: 'admin' }, 'Forbidden', 'moverServiceAccount'],
    ["the mover's rights", { moverSecurityContext: { runAsUser: 0 } }, 'Forbidden', 'moverSecurityContext'],
    ['the node of the mover', { moverAffinity: { nodeAffinity: {} } }, 'Forbidden', 'moverAffinity'],
    ['the image that sees the credentials', { resticImage: 'example.com/mine' }, 'Forbidden', 'resticImage'],
    [
      'a secret that is not allowed',
      { resticSecret: { name: 'cloud-credentials' } },
      'Forbidden',
      'cloud-credentials',
    ],
  ])('fails for %s in its config', async (_, config, reason, text) => {
    const failure = await failureOf((backup) => {
      backup.spec.config = config;
    });
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(text);
    expect(failure.message).toContain('DataMoverClass volsync');
  });

  it('may name a secret that the class allows', async () => {
    harness.addClass((object) => {
      object.spec.config = { allowedResticSecrets: ['mine'] };
    });
    const { reason, message } = await failureOf((backup) => {
      backup.spec.config = { resticSecret: { name: 'mine' } };
    });
    expect({ reason, message }).toMatchObject({ reason: 'SecretNotFound' });
    expect(message).toContain('velero/mine');
  });

  it.each([
    [
      'SecretNotFound',
      'velero/restic-config',
      () => harness.kube.remove(secrets, { namespace: 'velero', name: 'restic-config' }),
    ],
    ['SecretInvalid', 'RESTIC_PASSWORD', () => harness.addSecret({ RESTIC_PASSWORD: '' })],
    ['SecretInvalid', 'AWS_SECRET_ACCESS_KEY', () => harness.addSecret({ AWS_SECRET_ACCESS_KEY: '' })],
  ])('fails with %s and names %s', async (reason, text, spoil) => {
    spoil();
    before = harness.inventory();
    const failure = await failureOf();
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(text);
    expect(failure.message).toContain('velero/restic-config');
  });

  it.each<[string, () => unknown, { dataMoverClass?: string }]>([
    [
      'SourceNotFound',
      () => harness.kube.remove(persistentVolumeClaims, { namespace: APP, name: 'data' }),
      {},
    ],
    [
      'SourceNotBound',
      () => edit((claim) => void (claim.status = { phase: 'Pending' }), 'provision', 'bind'),
      {},
    ],
    ['UnsupportedVolumeMode', () => edit((claim) => void (claim.spec.volumeMode = 'Block')), {}],
    ['SnapshotNotSupported', () => harness.kube.remove(volumeSnapshotClasses, { name: 'snapshots' }), {}],
    ['SnapshotNotSupported', () => withoutDriver(), {}],
    ['NoClass', () => harness.addClass((object) => void (object.metadata.annotations = {})), {}],
    [
      'ClassNotFound',
      () => harness.kube.remove(dataMoverClasses, { name: 'volsync' }),
      { dataMoverClass: 'volsync' },
    ],
  ])('fails with %s (%#)', async (reason, spoil, spec) => {
    spoil();
    await harness.quiesce();
    before = harness.inventory();
    const failure = await failureOf((backup) => {
      Object.assign(backup.spec, spec);
    });
    expect(failure.reason).toBe(reason);
    expect(failure.message).toMatch(/app\/data|csi\.example\.com|volsync/);
  });

  it('fails when the API server refuses an object for good', async () => {
    harness.kube.before = ({ verb, kind }) => {
      if (verb === 'create' && kind === replicationSources)
        throw new KubeError({
          code: 422,
          reason: 'Invalid',
          message: 'spec.restic.cacheCapacity: quantities must match',
        });
    };
    const { reason, message } = await failureOf();
    expect(reason).toBe('InvalidRequest');
    expect(message).toContain('spec.restic.cacheCapacity: quantities must match');
  });

  it('reports an exceeded quota at once, and fails if that persists', async () => {
    harness.setDeadlines({ stagingSeconds: 60 });
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: storage' });
    };
    await begin();
    await harness.advance(5_000);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Staging', message: 'exceeded quota: storage' });
    const { phase, failure } = await end(120_000);
    expect(phase).toBe('Failed');
    expect(failure?.message).toContain('exceeded quota: storage');
    expect(harness.inventory()).toEqual(before);
  });

  it('continues when the quota is no longer exceeded', async () => {
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'create' && kind === persistentVolumeClaims && key?.namespace === 'velero')
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: storage' });
    };
    await begin();
    await harness.advance(5_000);
    harness.kube.restart();
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  function edit(change: (claim: PersistentVolumeClaim) => void, ...hold: ('provision' | 'bind')[]): void {
    harness.cluster.hold(...hold);
    harness.kube.edit(persistentVolumeClaims, { namespace: APP, name: 'data' }, change);
  }

  function withoutDriver(): void {
    const [volume] = harness.kube.peekAll(persistentVolumes);
    harness.kube.edit(persistentVolumes, { name: volume?.metadata.name ?? '' }, ({ spec }) => {
      delete spec.csi;
    });
  }
});

describe("another controller's class", () => {
  it('is left alone, with its requests', async () => {
    harness.addClass((object) => void (object.spec.mover = 'Other'));
    await begin();
    await harness.advance(60_000, 10_000);
    expect(harness.kube.writeCalls()).toEqual([]);
    expect(harness.backup()).not.toHaveProperty('status');
  });
});

describe('a mover that fails', () => {
  it.each([
    ['WrongPassword', 'ERROR: failure connecting to repository, incorrect password', 'RESTIC_PASSWORD'],
    ['RepositoryUnreachable', 'Fatal: NoSuchBucket: The specified bucket does not exist', 'bucket'],
    ['PermissionDenied', 'Fatal: unable to open config file: InvalidAccessKeyId', 'access'],
    ['NoSpace', 'Fatal: write /cache/x: no space left on device', 'cacheCapacity'],
    ['UnreadableSource', 'error: open /data/x: permission denied', 'privileged-movers'],
  ])('with %s fails the backup within seconds', async (reason, line, text) => {
    harness.cluster.state.script = () => ({
      end: 'failed',
      exitCode: 3,
      lines: ['Starting container', line],
    });
    await begin();
    const startedAt = harness.cluster.clock.now();
    const { phase, failure, completionTimestamp } = await end();
    expect({ phase, reason: failure?.reason }).toEqual({ phase: 'Failed', reason });
    expect(failure?.message).toContain(text);
    expect(failure?.message).toContain(line);
    expect(Date.parse(completionTimestamp ?? '') - startedAt).toBeLessThan(10_000);
    expect(harness.cluster.state.started).toHaveLength(1);
    expect(harness.inventory()).toEqual(before);
  });

  it.each([
    ['RepositoryUnreachable', 2, ['ERROR: failure checking existence of repository']],
    ['RepositoryLocked', 3, ['Fatal: unable to create lock in backend: repository is already locked']],
    ['MoverFailed', 3, ['Fatal: something that nobody has seen before']],
  ])('with %s gets %i attempts', async (reason, attempts, lines) => {
    harness.cluster.state.script = () => ({ end: 'failed', lines });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Failed', failure: { reason } });
    expect(harness.cluster.state.started).toHaveLength(attempts);
  });

  it('once and then succeeds completes the backup', async () => {
    harness.cluster.state.script = ({ attempt }) =>
      attempt === 1 ? { end: 'failed', lines: ['dial tcp: connection refused'] } : undefined;
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.cluster.state.started).toHaveLength(2);
  });

  it('because of a stale lock runs again when that is removed, and not from the start', async () => {
    const locked = 'Fatal: unable to create lock in backend: repository is already locked by PID 1';
    harness.cluster.state.script = ({ unlock }) => (unlock ? undefined : { end: 'failed', lines: [locked] });
    await begin();
    expect(await end()).toMatchObject({ phase: 'Completed' });
    expect(harness.cluster.state.started.map(({ unlock }) => unlock)).toEqual([false, true]);
    expect(harness.inventory()).toEqual(before);
  });

  it('because of an active lock is reported as RepositoryLocked, and the lock stays', async () => {
    const locked = 'Fatal: unable to create lock in backend: repository is already locked by PID 1';
    harness.cluster.state.script = () => ({ end: 'failed', lines: [locked] });
    await begin();
    const { failure } = await end();
    expect(failure?.reason).toBe('RepositoryLocked');
    expect(failure?.message).toContain(locked);
    expect(failure?.message).toContain('restic unlock --remove-all');
    expect(harness.cluster.state.started.map(({ unlock }) => unlock)).toEqual([false, true, true]);
  });

  it('because of insufficient memory is reported as OutOfMemory', async () => {
    harness.cluster.state.script = () => ({
      end: 'failed',
      exitCode: 137,
      reason: 'OOMKilled',
      lines: ['Starting'],
    });
    await begin();
    const { failure } = await end();
    expect(failure?.reason).toBe('OutOfMemory');
    expect(failure?.message).toContain('config.moverResources');
  });

  it('is judged without its log when that cannot be read', async () => {
    harness.cluster.podLogFault = () =>
      new KubeError({ code: 500, reason: 'InternalError', message: 'no kubelet' });
    harness.cluster.state.script = () => ({ end: 'failed', exitCode: 3, lines: ['incorrect password'] });
    await begin();
    expect(await end(600_000)).toMatchObject({ phase: 'Failed', failure: { reason: 'MoverFailed' } });
  });

  it('reveals no value of the secret in the status, Events or other objects', async () => {
    const values = {
      RESTIC_PASSWORD: 'hush-password',
      AWS_ACCESS_KEY_ID: 'hush-id',
      AWS_SECRET_ACCESS_KEY: 'hush-key',
    };
    harness.addSecret(values);
    before = harness.inventory();
    harness.cluster.state.script = () => ({ end: 'failed', lines: ['Fatal: incorrect password'] });
    await begin();
    const { failure } = await end();
    expect(failure?.message).toContain('velero/restic-config');
    const said = JSON.stringify([
      harness.reports,
      harness.kube.calls.filter(({ kind }) => kind.plural !== 'secrets'),
    ]);
    for (const value of Object.values(values)) {
      expect(said).not.toContain(value);
      expect(said).not.toContain(Buffer.from(value).toString('base64'));
    }
  });
});

describe("VolSync's Error condition", () => {
  async function move(): Promise<void> {
    harness.cluster.state.script = running;
    await begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
  }

  it('is ignored if it disappears after a moment, even if the mover has run for a long time', async () => {
    await move();
    // Its log counts as activity: one line every minute.
    for (let minute = 0; minute < 30; minute++) {
      await harness.advance(60_000, 30_000);
      const bytes = `${String(minute)}.000 KiB`;
      harness.cluster.say(
        child,
        `[0:10] ${String(minute)} files ${bytes}, total 56 files 2.000 MiB, 0 errors`,
      );
    }
    harness.cluster.state.volSyncErrors.set(child, 'Operation cannot be fulfilled on jobs.batch');
    harness.cluster.wake();
    await harness.advance(3_000);
    expect(harness.backup()?.status).toMatchObject({ phase: 'Moving' });
    harness.cluster.state.volSyncErrors.clear();
    harness.cluster.endRun(child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it('fails the backup with its message if it persists for a minute', async () => {
    await move();
    harness.cluster.state.volSyncErrors.set(child, 'unable to create PVC: exceeded quota');
    harness.cluster.wake();
    await harness.advance(50_000, 5_000);
    expect(harness.backup()?.status?.phase).toBe('Moving');
    const { phase, failure } = await end(30_000);
    expect(phase).toBe('Failed');
    expect(failure?.message).toContain('exceeded quota');
    expect(harness.inventory()).toEqual(before);
  });
});

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
    const { phase, failure } = await end((seconds + 60) * 1_000);
    expect(phase).toBe('Failed');
    const lasted = (harness.cluster.clock.now() - startedAt) / 1_000;
    expect(lasted).toBeGreaterThanOrEqual(seconds - 5);
    expect(lasted).toBeLessThan(seconds + 15);
    expect(harness.inventory()).toEqual(before);
    return failure!;
  }

  it('fails when no snapshot is cut', async () => {
    harness.cluster.hold('cut');
    await begin();
    const { reason, message } = await failsAfter(60);
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('no snapshot after 60 s');
  });

  it("fails with the CSI driver's words when it refuses to cut", async () => {
    harness.cluster.state.snapshotError = 'rpc error: pool is full';
    await begin();
    const { reason, message } = await failsAfter(60);
    expect(reason).toBe('SnapshotFailed');
    expect(message).toContain('pool is full');
  });

  it.each(['ready', 'provision'] as const)('fails when staging makes no progress (%s)', async (duty) => {
    harness.cluster.hold(duty);
    await begin();
    const { reason, message } = await failsAfter(90);
    expect(reason).toBe('StagingFailed');
    expect(message).toContain(child);
  });

  it('deletes a snapshot only after the staging claim that refers to it', async () => {
    harness.cluster.hold('provision');
    await begin();
    await reach('Staging');
    await harness.advance(2_000);
    const claims: unknown[] = [];
    harness.kube.before = ({ verb, kind, key }) => {
      if (verb === 'delete' && kind === volumeSnapshots && key?.namespace === 'velero')
        claims.push(harness.kube.peek(persistentVolumeClaims, { namespace: 'velero', name: child }));
    };
    const { reason } = await failsAfter(90);
    expect(reason).toBe('StagingFailed');
    expect(claims.length).toBeGreaterThan(0);
    expect(claims.filter((claim) => claim !== undefined)).toEqual([]);
  });

  it("fails with the provisioner's last message if the staging claim gets no volume", async () => {
    harness.cluster.hold('provision');
    await begin();
    const say = (message: string, lastTimestamp: string): void => {
      harness.kube.seed(events, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'velero', name: `event-${lastTimestamp}` },
        involvedObject: { kind: 'PersistentVolumeClaim', name: child },
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
    await begin();
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
    await begin();
    await harness.advance(60_000);
    harness.kube.restart();
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it("fails with the scheduler's words when the mover's pod is not scheduled", async () => {
    harness.cluster.state.script = () => ({ end: 'unscheduled', lines: [] });
    await begin();
    const { reason, message } = await failsAfter(120);
    expect(reason).toBe('Unschedulable');
    expect(message).toContain('Insufficient memory');
  });

  it('fails when VolSync is not there', async () => {
    harness.cluster.hold('volsync');
    await begin();
    const { message } = await failsAfter(120);
    expect(message).toContain('waiting for VolSync');
  });

  it('fails when the mover falls silent', async () => {
    harness.cluster.state.script = running;
    await begin();
    const { reason, message } = await failsAfter(300);
    expect(reason).toBe('DeadlineExceeded');
    expect(message).toContain('no progress for 300 s');
  });

  it('continues as long as the mover writes to its log, even without progress', async () => {
    harness.cluster.state.script = running;
    await begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
    for (let minute = 0; minute < 10; minute++) {
      await harness.advance(60_000, 30_000);
      harness.cluster.say(child, 'repacking packs');
    }
    expect(harness.backup()?.status?.phase).toBe('Moving');
    harness.cluster.endRun(child, { end: 'succeeded', lines: ['snapshot 0123abcd saved'] });
    expect(await end()).toMatchObject({ phase: 'Completed' });
  });

  it('applies the start deadline to the second pod of a mover separately', async () => {
    harness.cluster.state.script = ({ attempt }) =>
      attempt === 1 ? { end: 'running', lines: ['Starting container'] } : { end: 'unscheduled', lines: [] };
    await begin();
    await harness.until(() => harness.cluster.state.started.length > 0);
    await harness.advance(200_000, 20_000);
    harness.cluster.endRun(child, {
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
