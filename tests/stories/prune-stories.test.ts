import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, pods, type Job } from '../../api/kubernetes/core.ts';
import { formatKey } from '../../api/kubernetes/meta.ts';
import type { DataMoverPrune } from '../../api/datamover/v1alpha1/data-mover-prune.ts';
import { dataMoverClasses, dataMoverDeletes, dataMoverPrunes } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const PROTECTED = 'velero';
const DAY_MS = 24 * 3_600_000;
const REPOSITORY = 'c1/app/data';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.start();
});

afterEach(() => harness.stop());

function addDelete(name: string, repository = REPOSITORY): void {
  harness.kube.seed(dataMoverDeletes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverDelete',
    metadata: { namespace: PROTECTED, name },
    spec: { result: { mover: 'VolSync', repository, snapshotID: 'abcdef01' } },
  });
}

/** Adds a prune that is due at once. */
function addPrune(name: string): void {
  harness.kube.seed(dataMoverPrunes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverPrune',
    metadata: { namespace: PROTECTED, name },
    spec: { mover: 'VolSync', repository: REPOSITORY },
  });
}

const pruneEvery = (seconds: number): void =>
  void harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => {
    spec.repositories = { pruneIntervalSeconds: seconds, removeEmpty: false };
  });

type Runnable = Job & { spec: { template: { spec: { containers: { args: string[] }[] } } } };

const allPrunes = (): DataMoverPrune[] => harness.kube.peekAll(dataMoverPrunes);
const pruneNamed = (name: string): DataMoverPrune | undefined =>
  harness.kube.peek(dataMoverPrunes, { namespace: PROTECTED, name });
const running = (): Runnable[] => harness.kube.peekAll(jobs) as Runnable[];
const argsOf = (job: Runnable | undefined): string =>
  job?.spec.template.spec.containers[0]?.args.join(' ') ?? '';
const isRunning = (word: string): boolean => running().some((job) => argsOf(job).includes(word));
const childOf = ({ metadata }: DataMoverPrune): string => childName('prune', metadata.uid ?? '');

/** Acts as the kubelet: the Jobs' pods end, and restic has printed these lines. */
function end(phase: 'Succeeded' | 'Failed', ...said: string[]): void {
  for (const { apiVersion, kind, metadata } of running()) {
    const { name, uid = '' } = metadata;
    const pod = { namespace: PROTECTED, name: `${name}-pod` };
    harness.kube.seed(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...pod,
        labels: { ...metadata.labels, 'job-name': name },
        ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
      },
      spec: { containers: [{ name: 'restic' }] },
      status: {
        phase,
        containerStatuses: [
          { name: 'restic', state: { terminated: { exitCode: phase === 'Failed' ? 1 : 0 } } },
        ],
      },
    });
    harness.cluster.state.logs.set(formatKey(pod), { lines: said, ended: true, listeners: new Set() });
    harness.kube.edit(jobs, { namespace: PROTECTED, name }, (job) => {
      job.status = phase === 'Failed' ? { failed: 1 } : { succeeded: 1 };
    });
  }
}

async function removeData(name: string, repository?: string): Promise<void> {
  addDelete(name, repository);
  await harness.until(() => isRunning('forget'));
  end('Succeeded');
  const key = { namespace: PROTECTED, name };
  await harness.until(() => harness.kube.peek(dataMoverDeletes, key)?.status?.phase === 'Completed');
}

it("a prune in a tenant's namespace is ignored", async () => {
  const key = { namespace: 'app', name: 'p1' };
  harness.kube.seed(dataMoverPrunes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverPrune',
    metadata: key,
    spec: { mover: 'VolSync', repository: 'c1/victim/data' },
  });
  await harness.advance(5_000);
  expect(harness.kube.peek(dataMoverPrunes, key)?.status).toBeUndefined();
  expect(running()).toEqual([]);
});

describe('a repository from which data was removed', () => {
  it('is pruned once for several removals, and not before the interval of the class has passed', async () => {
    await removeData('one');
    await removeData('two');
    expect(allPrunes()).toHaveLength(1);
    expect(allPrunes()[0]).toMatchObject({ spec: { repository: REPOSITORY }, status: { phase: 'Waiting' } });
    await harness.advance(DAY_MS - 120_000, 600_000);
    expect(running()).toEqual([]);
    await harness.until(() => isRunning('prune'), 300_000);
    expect(argsOf(running()[0])).toContain('prune --max-unused 5% --max-repack-size 20G');
    end('Succeeded', 'total prune:          12 blobs / 3.000 MiB', 'remaining:   4 blobs / 2.000 KiB');
    await harness.until(() => allPrunes()[0]?.status?.phase === 'Completed');
    expect(allPrunes()[0]?.status).toMatchObject({ freedBytes: 3 * 2 ** 20, remainingBytes: 2048 });
  });

  it('gets a prune that has no finalizer until it is due', async () => {
    await removeData('one');
    await harness.until(() => allPrunes()[0]?.status?.phase === 'Waiting');
    expect(allPrunes()[0]?.metadata.finalizers ?? []).toEqual([]);
    expect(allPrunes()[0]?.status?.message).toMatch(/^due at /);
  });

  it('is pruned again after a removal that follows a prune', async () => {
    pruneEvery(0);
    await removeData('one');
    await harness.until(() => isRunning('prune'));
    end('Succeeded');
    await harness.until(() => allPrunes()[0]?.status?.phase === 'Completed');
    await removeData('two');
    await harness.until(() => isRunning('prune'));
    expect(allPrunes()).toHaveLength(2);
  });

  it('is pruned by itself: another one has its own', async () => {
    await removeData('one');
    await removeData('two', 'c1/app/other');
    expect(
      allPrunes()
        .map(({ spec }) => spec.repository)
        .sort(),
    ).toEqual([REPOSITORY, 'c1/app/other']);
  });
});

describe('a prune', () => {
  it('waits while a backup uses the repository, and the next backup waits for it', async () => {
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => harness.cluster.state.started.length === 1);
    addPrune('p1');
    await harness.until(() => pruneNamed('p1')?.status?.queue !== undefined);
    expect(pruneNamed('p1')?.status?.message).toMatch(/app\/b1 is using the same repository/);
    harness.cluster.endRun(childName('backup', harness.backup()?.metadata.uid ?? ''), {
      end: 'succeeded',
      lines: ['snapshot abcdef09 saved'],
    });
    await harness.until(() => isRunning('prune'));
    expect(harness.backup()?.status?.phase).toBe('Completed');
    harness.cluster.state.script = undefined;
    harness.addBackup('b2');
    await harness.until(() => harness.backup('b2')?.status?.queue !== undefined);
    expect(harness.backup('b2')?.status?.message).toMatch(/velero\/p1 is using the same repository/);
    end('Succeeded');
    await harness.until(() => harness.backup('b2')?.status?.phase === 'Completed');
  });

  it('is tried again when it fails, and leaves nothing behind', async () => {
    const before = harness.inventory();
    addPrune('p1');
    await harness.until(() => isRunning('prune'));
    end('Failed', 'Fatal: wrong password or no key found');
    await harness.until(() => pruneNamed('p1')?.status?.phase === 'Retrying');
    expect(pruneNamed('p1')?.status?.lastFailure).toMatchObject({ reason: 'WrongPassword' });
    await harness.until(() => running().length === 0);
    await harness.until(() => isRunning('prune'));
    end('Succeeded');
    await harness.until(() => pruneNamed('p1')?.status?.phase === 'Completed');
    expect(harness.inventory()).toEqual(before);
  });

  it('is given up when nothing moves any more, and tried again', async () => {
    addPrune('p1');
    await harness.until(() => isRunning('prune'));
    await harness.until(() => pruneNamed('p1')?.status?.phase === 'Retrying', 1_000_000);
    expect(pruneNamed('p1')?.status?.lastFailure).toMatchObject({ reason: 'DeadlineExceeded' });
  });

  it('ends when it is deleted, and leaves nothing behind', async () => {
    const before = harness.inventory();
    addPrune('p1');
    await harness.until(() => isRunning('prune'));
    await harness.kube.client().delete(dataMoverPrunes, { namespace: PROTECTED, name: 'p1' });
    await harness.until(() => pruneNamed('p1') === undefined);
    expect(harness.inventory()).toEqual(before);
  });

  it('continues with the same Job after a restart', async () => {
    addPrune('p1');
    await harness.until(() => isRunning('prune'));
    const [job] = running();
    await harness.stop();
    end('Succeeded');
    await harness.start();
    await harness.until(() => pruneNamed('p1')?.status?.phase === 'Completed');
    expect(job?.metadata.name).toBe(childOf(pruneNamed('p1')!));
  });

  it('that is through is removed after a day', async () => {
    addPrune('p1');
    await harness.until(() => isRunning('prune'));
    end('Succeeded');
    await harness.until(() => pruneNamed('p1')?.status?.phase === 'Completed');
    await harness.advance(DAY_MS - 600_000, 600_000);
    expect(pruneNamed('p1')).toBeDefined();
    await harness.advance(1_200_000, 60_000);
    expect(pruneNamed('p1')).toBeUndefined();
  });
});
