import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, namespaces, persistentVolumeClaims, type Job } from '../../api/kubernetes/core.ts';
import { dataMoverBackups, dataMoverClasses, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import type { DataMoverBackupStatus } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.start();
});

afterEach(() => harness.stop());

const verify = (level: string): void =>
  void harness.addClass((object) => Object.assign(object.spec, { verify: level }));

type ReadingJob = Job & {
  spec: { template: { spec: { containers: { command: string[] }[]; volumes: Record<string, unknown>[] } } };
};

const checks = (): ReadingJob[] =>
  harness.kube.peekAll(jobs).filter(({ metadata }) => metadata.name.endsWith('-verify')) as ReadingJob[];
const status = (): DataMoverBackupStatus => harness.backup()?.status ?? {};
const isOver = (): boolean => ['Completed', 'Failed', 'Canceled'].includes(status().phase ?? '');
const conditionsOf = (all: { type: string; status: string }[] = []): Record<string, string> =>
  Object.fromEntries(all.map((one) => [one.type, one.status]));

/** Changes each line that the verification prints. */
function tamper(change: (line: string) => string): void {
  harness.cluster.state.verification = (honest) => ({ ...honest, lines: honest.lines.map(change) });
}

async function backUp(): Promise<void> {
  await harness.addSource('data', 'precious');
  harness.addBackup('b1');
  await harness.until(isOver);
}

describe('a backup with verification', () => {
  it.each(['Metadata', 'Data'])('completes when its verification succeeds: %s', async (level) => {
    verify(level);
    const before = harness.inventory();
    await backUp();
    expect(status()).toMatchObject({ phase: 'Completed', result: { bytes: 8 }, verification: { level } });
    expect(status().verification?.doneAt).toBeDefined();
    expect(status().unverifiedResult).toBeUndefined();
    expect(conditionsOf(status().conditions)).toMatchObject({
      Moved: 'True',
      Verified: 'True',
      Ready: 'True',
    });
    await harness.kube.client().delete(persistentVolumeClaims, { namespace: APP, name: 'data' });
    await harness.until(() => harness.inventory().join() === before.join());
  });

  it.each([
    ['that its mover could not report', undefined],
    ['only if its mover has reported none', 'cd'.repeat(32)],
  ])('records the id of the repository %s', async (_, reported) => {
    verify('Metadata');
    const found = 'ab'.repeat(32);
    const report = (id: string): string => JSON.stringify({ message_type: 'repository', id });
    const { state } = harness.cluster;
    state.verification = (honest) => ({ ...honest, lines: [...honest.lines, report(found)] });
    if (reported !== undefined)
      state.survey = (honest) => ({ ...honest, lines: [...honest.lines, report(reported)] });
    await backUp();
    expect(status()).toMatchObject({ phase: 'Completed', result: { repositoryID: reported ?? found } });
  });

  it('has no result before its verification ends', async () => {
    verify('Data');
    harness.cluster.state.verification = (honest) => ({ ...honest, end: 'running' });
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => checks().length === 1);
    expect(status()).toMatchObject({ phase: 'Verifying', unverifiedResult: { bytes: 8 } });
    expect(status().result).toBeUndefined();
    expect(conditionsOf(status().conditions)).toMatchObject({ Moved: 'True', Verified: 'False' });
  });

  it('is compared with its volume, which is only read, by a pod that may what the mover may', async () => {
    verify('Data');
    harness.kube.seed(namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'velero', annotations: { 'volsync.backube/privileged-movers': 'true' } },
    });
    harness.cluster.state.verification = (honest) => ({ ...honest, end: 'running' });
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => checks().length === 1);
    const pod = checks()[0]!.spec.template.spec;
    const claimName = checks()[0]!.metadata.name.replace('-verify', '');
    expect(pod.volumes).toContainEqual({
      name: 'data',
      persistentVolumeClaim: { claimName, readOnly: true },
    });
    expect(pod.containers[0]).toMatchObject({
      volumeMounts: expect.arrayContaining([{ name: 'data', mountPath: '/data', readOnly: true }]) as unknown,
      securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] } },
    });
  });

  it('fails when the volume differs, and its data is removed', async () => {
    verify('Data');
    const before = harness.inventory();
    harness.cluster.state.script = () => {
      const [repository] = harness.cluster.state.repositories.values();
      repository?.snapshots.push({ id: 'abcdef09', at: 0, content: 'preciouz' });
      return {
        end: 'succeeded',
        lines: ['processed 3 files, 8 B in 0:00', 'snapshot abcdef09 saved', '=== Done ==='],
      };
    };
    harness.addRepository('old');
    await backUp();
    expect(status().failure).toMatchObject({ reason: 'VerificationFailed' });
    expect(status().failure?.message).toBe(
      'snapshot abcdef09 of repository c1/app/data: "/precious/file" of it differs on the volume',
    );
    expect(status().result).toBeUndefined();
    expect(status().orphanedSnapshots).toEqual(['abcdef09']);
    expect(harness.kube.peekAll(dataMoverDeletes)).toMatchObject([
      { spec: { result: { snapshotID: 'abcdef09' } } },
    ]);
    expect(harness.inventory().filter((one) => one.includes('dmb-'))).toEqual(
      before.filter((one) => one.includes('dmb-')),
    );
  });

  it.each([
    ['files', /"total_files_processed":3/, '"total_files_processed":2', 'saved 3 files, it contains 2'],
    ['bytes', /"total_bytes_processed":8/, '"total_bytes_processed":7', 'saved 8 bytes, it contains 7'],
    ['host', /"volsync"/, '"elsewhere"', 'it is of elsewhere:/data and not of volsync:/data'],
    ['time', /"time":"[^"]*"/, '"time":"2999-01-01T00:00:00Z"', "later than the mover's end"],
    ['id', /"id":"[^"]*"/, '"id":"ffffffff"', 'the repository does not contain it'],
    ['directories', /.*total_file_count.*/, '', 'the directories of the snapshot were not read'],
  ])('fails for other %s', async (_, from, to, message) => {
    verify('Metadata');
    tamper((line) => line.replace(from, to));
    await backUp();
    expect(status().failure).toMatchObject({ reason: 'VerificationFailed' });
    expect(status().failure?.message).toContain(message);
  });

  it('fails when what it saved does not read back', async () => {
    verify('Data');
    const evidence =
      'Fatal: cannot dump file: decrypting blob <data/64d2> failed: ciphertext verification failed';
    harness.cluster.state.verification = () => ({ end: 'failed', lines: [evidence] });
    await backUp();
    expect(status().failure).toMatchObject({ reason: 'VerificationFailed' });
    expect(status().failure?.message).toMatch(
      /^snapshot \w+ of repository c1\/app\/data does not read back: .*ciphertext/,
    );
    expect(status().orphanedSnapshots).toHaveLength(1);
  });

  it('fails with WrongPassword if the verification cannot open the repository', async () => {
    verify('Metadata');
    harness.cluster.state.verification = () => ({
      end: 'failed',
      lines: ['Fatal: wrong password or no key found'],
    });
    await backUp();
    expect(status().failure).toMatchObject({ reason: 'WrongPassword' });
  });

  it('has nothing to verify when the volume is empty', async () => {
    verify('Data');
    await harness.addSource('data', '');
    harness.addBackup('b1');
    await harness.until(isOver);
    expect(status()).toMatchObject({ phase: 'Completed', result: { empty: true } });
    expect(status().verification).toBeUndefined();
  });

  it('can be canceled during the verification, and leaves no Job behind', async () => {
    verify('Data');
    await harness.addSource('data', 'precious');
    const before = harness.inventory();
    harness.cluster.state.verification = (honest) => ({ ...honest, end: 'running' });
    harness.addBackup('b1');
    await harness.until(() => checks().length === 1);
    await harness.kube
      .client()
      .mergePatch(dataMoverBackups, { namespace: APP, name: 'b1' }, { spec: { cancel: true } });
    await harness.until(isOver);
    expect(status().phase).toBe('Canceled');
    expect(status().orphanedSnapshots).toHaveLength(1);
    expect(checks()).toEqual([]);
    expect(before.every((one) => harness.inventory().includes(one))).toBe(true);
  });

  it('is given up when nothing moves any more', async () => {
    verify('Data');
    harness.cluster.state.verification = () => ({ end: 'running', lines: ['[0] read back 64 bytes'] });
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(isOver, 4_000_000);
    expect(status().failure).toMatchObject({ reason: 'DeadlineExceeded' });
    expect(status().failure?.message).toContain('restic is verifying what was moved');
  });

  it('keeps the level with which it began', async () => {
    verify('Data');
    harness.cluster.hold('volsync');
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    harness.cluster.state.verification = (honest) => ({ ...honest, end: 'running' });
    harness.cluster.release('volsync');
    await harness.until(() => checks().length === 1);
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => void (spec.verify = 'None'));
    await harness.advance(2_000);
    expect(status()).toMatchObject({ phase: 'Verifying', verification: { level: 'Data' } });
    expect(status().result).toBeUndefined();
  });
});

describe('a restore with verification', () => {
  async function restore(): Promise<void> {
    const [source] = harness.addRepository('precious');
    harness.addDestination();
    harness.addRestore('r1', (one) => Object.assign(one.spec, { source }));
    await harness.until(() => ['Completed', 'Failed'].includes(harness.restore()?.status?.phase ?? ''));
  }

  it.each(['Metadata', 'Data'])('hands the volume over when its verification succeeds: %s', async (level) => {
    verify(level);
    await restore();
    expect(harness.restore()?.status).toMatchObject({ phase: 'Completed', verification: { level } });
    expect(conditionsOf(harness.restore()?.status?.conditions)).toMatchObject({ Verified: 'True' });
    expect(harness.read({ namespace: APP, name: 'restored' })).toBe('precious');
  });

  it.each([
    [
      'Metadata',
      /"total_file_count":3/,
      '"total_file_count":4',
      'restored 3 files and folders, it contains 4',
    ],
    ['Metadata', /"total_size":8/, '"total_size":9', 'restored 8 bytes, it contains 9'],
    ['Data', /"entries":3/, '"entries":2', 'it contains 3 files and folders, the volume 2'],
    [
      'Data',
      /"files_skipped":2/,
      '"files_skipped":2,"files_deleted":1',
      'the volume contains what is not in it',
    ],
    ['Data', /.*"summary".*skipped.*/, '', 'the volume was not compared'],
  ])('fails before the hand-over when its verification fails: %s, %s', async (level, from, to, message) => {
    verify(level);
    tamper((line) => line.replace(from, to));
    await restore();
    const { failure, handOver } = harness.restore()?.status ?? {};
    expect(failure?.reason).toBe('VerificationFailed');
    expect(failure?.message).toContain(message);
    expect(handOver).toBeUndefined();
    expect(
      harness.kube.peek(persistentVolumeClaims, { namespace: APP, name: 'restored' })?.spec.volumeName,
    ).toBe(undefined);
  });
});
