import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, type Job } from '../../api/kubernetes/core.ts';
import { dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import type { DataMoverBackupStatus } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestoreStatus } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import type { MoverRun } from '../fakes/cluster/state.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/** Backups and restores by the Restic mover, within the whole controller. */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  use('Restic');
  await harness.start();
});

afterEach(() => harness.stop());

const use = (mover: string, config: object = {}): void =>
  void harness.addClass((object) => Object.assign(object.spec, { mover, config }));

const OVER = ['Completed', 'Failed', 'Canceled'];
const status = (): DataMoverBackupStatus => harness.backup()?.status ?? {};
const restored = (): DataMoverRestoreStatus => harness.restore()?.status ?? {};
const script = (run: MoverRun): void => void (harness.cluster.state.script = () => run);
const snapshots = () => [...harness.cluster.state.repositories.values()].flatMap((one) => one.snapshots);
const started = (): number => harness.cluster.state.started.length;
const json = (line: object): string => JSON.stringify(line);

async function backUp(): Promise<void> {
  harness.addBackup('b1');
  await harness.until(() => OVER.includes(status().phase ?? ''));
}

/** Restores from a record of the repository. */
async function restoreFrom(source: object): Promise<void> {
  harness.addDestination();
  harness.addRestore('r1', (object) => Object.assign(object.spec, { source }));
  await harness.until(() => OVER.includes(restored().phase ?? ''));
}

interface MoverJob extends Job {
  spec: {
    podFailurePolicy: unknown;
    template: {
      spec: { securityContext: unknown; containers: { args: string[]; securityContext: unknown }[] };
    };
  };
}

const moverJob = (): MoverJob | undefined =>
  (harness.kube.peekAll(jobs) as MoverJob[]).find(({ metadata }) =>
    /^dm[br]-[0-9a-f]{16}$/.test(metadata.name),
  );

describe('a backup', () => {
  it('records what restic has saved, and leaves nothing else', async () => {
    await harness.addSource('data', 'precious');
    const before = harness.inventory();
    await backUp();
    expect(status()).toMatchObject({
      phase: 'Completed',
      mover: 'Restic',
      result: { bytes: 8, files: 3, uploadedBytes: 1536, mover: 'Restic', repository: 'c1/app/data' },
    });
    expect(status().result?.snapshotID).toBe(snapshots()[0]?.id);
    expect(harness.inventory()).toEqual(before);
  });

  it('of an empty volume is recorded as empty', async () => {
    await harness.addSource('data', '');
    await backUp();
    expect(status()).toMatchObject({ phase: 'Completed', result: { empty: true } });
    expect(snapshots()).toEqual([]);
  });

  it('runs as root with DAC_OVERRIDE by default, and reports its progress in bytes', async () => {
    script({
      end: 'running',
      lines: [json({ message_type: 'status', bytes_done: 3, total_bytes: 8, files_done: 1 })],
    });
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => status().progress !== undefined);
    expect(status().progress).toMatchObject({ bytesDone: 3, totalBytes: 8, filesDone: 1 });
    const spec = moverJob()!.spec.template.spec;
    expect(spec.containers[0]).toMatchObject({
      args: [
        expect.stringMatching(/^request=/),
        '--tag',
        'cluster=c1',
        '--tag',
        'namespace=app',
        '--tag',
        'pvc=data',
      ],
      securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] } },
    });
    expect(spec.securityContext).toEqual({ seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('takes user, compression and limits from the class', async () => {
    const moverSecurityContext = { runAsNonRoot: true, runAsUser: 1000 };
    use('Restic', { moverSecurityContext, compression: 'max', packSize: 64, limitUpload: 512 });
    script({ end: 'running', lines: [] });
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => moverJob() !== undefined);
    const spec = moverJob()!.spec.template.spec;
    expect(spec.securityContext).toEqual(moverSecurityContext);
    expect(spec.containers[0]!.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.containers[0]!.args.slice(-3)).toEqual([
      '--compression=max',
      '--pack-size=64',
      '--limit-upload=512',
    ]);
  });

  it('fails at once with a reason for the error of restic, and removes the snapshot that it saved', async () => {
    const id = 'f'.repeat(64);
    const error = {
      message_type: 'error',
      during: 'archival',
      item: '/data/b',
      error: { message: 'open b: permission denied' },
    };
    const lines = [
      json({ message_type: 'summary', snapshot_id: id }),
      `# ${json({
        message_type: 'exit_error',
        code: 3,
        message: 'Warning: at least one source file could not be read',
      })}`,
      json({ message_type: 'errors', kind: 'unreadable', count: 1, first: json(error) }),
    ];
    script({ end: 'failed', exitCode: 3, lines });
    await harness.addSource('data', 'precious');
    await backUp();
    expect(status().failure).toMatchObject({ reason: 'UnreadableSource' });
    expect(status().orphanedSnapshots).toEqual([id]);
    await harness.until(() => harness.kube.peekAll(dataMoverDeletes).length === 1);
  });

  it('finds its Job after a crash, and saves once', async () => {
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => started() === 1);
    await harness.stop();
    await harness.start();
    await harness.until(() => OVER.includes(status().phase ?? ''));
    expect(status()).toMatchObject({ phase: 'Completed' });
    expect([started(), snapshots().length]).toEqual([1, 1]);
  });

  it('finds its snapshot if its Job was deleted', async () => {
    await harness.addSource('data', 'precious');
    await harness.stop();
    await harness.start((client) => ({
      ...client,
      // The log of the first pod is never returned.
      podLog: (key, options) => (started() < 2 ? waiting(options?.signal) : client.podLog(key, options)),
    }));
    harness.addBackup('b1');
    await harness.until(() => started() === 1);
    harness.kube.remove(jobs, { namespace: 'velero', name: moverJob()!.metadata.name });
    await harness.until(() => OVER.includes(status().phase ?? ''));
    expect(status()).toMatchObject({
      phase: 'Completed',
      result: { snapshotID: snapshots()[0]!.id, bytes: 8 },
    });
    expect([started(), snapshots().length]).toEqual([2, 1]);
  });
});

it('a Job that fails with credentials that have been replaced is created again', async () => {
  harness.addRepository('the first');
  harness.addSecret({ RESTIC_PASSWORD: 'another' });
  await harness.addSource('data', 'precious');
  harness.cluster.state.script = () => {
    harness.cluster.state.script = undefined;
    harness.addSecret();
    return { end: 'failed', exitCode: 12, lines: ['Fatal: wrong password or no key found'] };
  };
  await backUp();
  expect(status()).toMatchObject({ phase: 'Completed', result: { bytes: 8 } });
  expect(started()).toBe(2);
});

async function* waiting(signal: AbortSignal | undefined): AsyncGenerator<string> {
  await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  yield '';
}

describe('a restore', () => {
  it('brings the recorded snapshot back, also one that VolSync has saved', async () => {
    const [first] = harness.addRepository('the first', 'the second');
    await restoreFrom(first!);
    expect(restored()).toMatchObject({
      phase: 'Completed',
      mover: 'Restic',
      restored: { bytes: 9, files: 3 },
    });
    expect(restored().restored?.notPreserved).toBeUndefined();
    expect(harness.read({ namespace: APP, name: 'restored' })).toBe('the first');
  });

  it('by VolSync brings back what restic has saved', async () => {
    await harness.addSource('data', 'precious');
    await backUp();
    const { result, volume } = status();
    use('VolSync');
    await restoreFrom({ backupName: 'b1', backupNamespace: APP, result, volume });
    expect(restored()).toMatchObject({ phase: 'Completed', mover: 'VolSync' });
    expect(harness.read({ namespace: APP, name: 'restored' })).toBe('precious');
  });

  it('completes if only metadata could not be restored, and reports which', async () => {
    const message = 'lchown /data/a: operation not permitted';
    const lines = [
      json({ message_type: 'summary', total_files: 3, files_restored: 2, total_bytes: 9, bytes_restored: 9 }),
      `# ${json({ message_type: 'exit_error', code: 1, message: 'Fatal: There were 1 errors\n' })}`,
      json({
        message_type: 'errors',
        kind: 'owners',
        count: 1,
        first: json({ item: '/a', error: { message } }),
      }),
    ];
    const [first] = harness.addRepository('the first');
    script({ end: 'failed', exitCode: 1, lines });
    await restoreFrom(first!);
    expect(restored()).toMatchObject({
      phase: 'Completed',
      restored: { notPreserved: 'owners of 1 (such as "/a")' },
    });
    expect(restored().message).toContain('not preserved: owners of 1 (such as "/a")');
  });

  it('fails with RepositoryMissing if the repository does not exist', async () => {
    const [first] = harness.addRepository('the first');
    harness.cluster.state.repositories.clear();
    await restoreFrom(first!);
    expect(restored().failure).toMatchObject({ reason: 'RepositoryMissing' });
  });
});
