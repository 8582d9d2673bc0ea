import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs, pods, secrets, type Job } from '../../api/kubernetes/core.ts';
import { formatKey } from '../../api/kubernetes/meta.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { dataMoverClasses, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const PROTECTED = 'velero';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.start();
});

afterEach(() => harness.stop());

type Result = DataMoverDelete['spec']['result'];

const RECORD: Result = { mover: 'VolSync', repository: 'c1/app/data', snapshotID: 'abcdef01' };

function addDelete(
  name: string,
  result: Result = RECORD,
  namespace = PROTECTED,
  dataMoverClass?: string,
): void {
  harness.kube.seed(dataMoverDeletes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverDelete',
    metadata: { namespace, name },
    spec: { result, ...(dataMoverClass !== undefined && { dataMoverClass }) },
  });
}

function current(name: string, namespace = PROTECTED): DataMoverDelete | undefined {
  return harness.kube.peek(dataMoverDeletes, { namespace, name });
}

function jobKey(request: string): { namespace: string; name: string } {
  return { namespace: PROTECTED, name: childName('delete', current(request)?.metadata.uid ?? '') };
}

function jobOf(request: string): (Job & { spec?: unknown }) | undefined {
  return harness.kube.peek(jobs, jobKey(request));
}

/** Acts as the kubelet: the Job's pod succeeds. */
function succeed(request: string): void {
  harness.kube.edit(jobs, jobKey(request), (job) => {
    job.status = { succeeded: 1 };
  });
}

/** The same, but restic has not found the snapshot. */
function findNothing(request: string): void {
  end(request, 0, 'Ignoring "abcdef01": no matching ID found for prefix "abcdef01"');
}

/** Acts as the kubelet: the Job's pod fails, and its log contains the reason. */
function fail(request: string, said: string): void {
  end(request, 12, said);
}

function end(request: string, exitCode: number, said: string): void {
  const hasFailed = exitCode !== 0;
  const key = jobKey(request);
  const pod = { namespace: PROTECTED, name: `${key.name}-pod` };
  harness.kube.seed(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...pod,
      labels: { ...jobOf(request)!.metadata.labels, 'job-name': key.name },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          name: key.name,
          uid: jobOf(request)!.metadata.uid!,
          controller: true,
        },
      ],
    },
    spec: { containers: [{ name: 'restic' }] },
    status: {
      phase: hasFailed ? 'Failed' : 'Succeeded',
      containerStatuses: [{ name: 'restic', state: { terminated: { exitCode } } }],
    },
  });
  harness.cluster.state.logs.set(formatKey(pod), { lines: [said], ended: true, listeners: new Set() });
  harness.kube.edit(jobs, key, (job) => {
    job.status = hasFailed ? { failed: 1 } : { succeeded: 1 };
  });
}

describe('the removal of a backup', () => {
  it('has restic remove exactly the recorded snapshot, and leaves nothing behind', async () => {
    const before = harness.inventory();
    addDelete('one');
    await harness.until(() => jobOf('one') !== undefined);
    expect(JSON.stringify(jobOf('one')?.spec)).toContain('"forget","--","abcdef01"]');
    // The lock of a killed mover would block the repository forever.
    expect(JSON.stringify(jobOf('one')?.spec)).toContain('restic unlock\\n');
    expect(current('one')?.status).toMatchObject({ phase: 'Deleting', repositoryPath: 'c1/app/data' });
    succeed('one');
    await harness.until(() => current('one')?.status?.phase === 'Completed');
    expect(harness.inventory()).toEqual(before);
    expect(current('one')?.metadata.finalizers ?? []).toEqual([]);
  });

  it('has nothing to do for an empty volume', async () => {
    addDelete('one', { mover: 'VolSync', repository: 'c1/app/data', empty: true });
    await harness.until(() => current('one')?.status?.phase === 'Completed');
    expect(jobOf('one')).toBeUndefined();
  });

  it('needs only a record that identifies the repository, not the cluster, class or claim of the backup', async () => {
    const elsewhere = { ...RECORD, repositoryID: ID, repository: 'lost-cluster/lost-app/data' };
    addDelete('one', elsewhere, PROTECTED, 'lost-class');
    await harness.until(() => jobOf('one') !== undefined);
    const { data = {} } = harness.kube.peek(secrets, jobKey('one')) ?? {};
    expect(Buffer.from(data['RESTIC_REPOSITORY'] ?? '', 'base64').toString()).toMatch(
      /\/lost-cluster\/lost-app\/data$/,
    );
    expect(JSON.stringify(jobOf('one')?.spec)).toContain(`"${ID}","forget","--","abcdef01"]`);
    succeed('one');
    await harness.until(() => current('one')?.status?.phase === 'Completed');
    expect(current('one')?.status?.dataMoverClass).toBe('volsync');
  });

  it('waits for the recorded class, not the default one, if the record does not identify the repository', async () => {
    addDelete('one', RECORD, PROTECTED, 'lost-class');
    await harness.until(() => current('one')?.status?.phase === 'Retrying');
    expect(current('one')?.status?.lastFailure).toEqual({
      reason: 'ClassNotFound',
      message:
        'spec.dataMoverClass of DataMoverDelete velero/one names DataMoverClass lost-class, which does not exist (there are: volsync); create that class with access to the same repositories, as another class may lead to others',
    });
    expect(jobOf('one')).toBeUndefined();
    harness.addClass(({ metadata }) => void (metadata.name = 'lost-class'));
    await harness.until(() => jobOf('one') !== undefined);
    succeed('one');
    await harness.until(() => current('one')?.status?.phase === 'Completed');
    expect(current('one')?.status?.dataMoverClass).toBe('lost-class');
  });

  it('waits while another request uses the repository', async () => {
    addDelete('first');
    await harness.until(() => jobOf('first') !== undefined);
    addDelete('second', { ...RECORD, snapshotID: 'abcdef02' });
    await harness.until(() => current('second')?.status?.queue !== undefined);
    expect(current('second')?.status?.message).toMatch(/velero\/first is using the same repository/);
    succeed('first');
    await harness.until(() => jobOf('second') !== undefined);
    expect(current('first')?.status?.phase).toBe('Completed');
  });

  it('fails without touching anything when the record is not one', async () => {
    addDelete('one', { ...RECORD, repository: '../other' });
    await harness.until(() => current('one')?.status?.phase === 'Failed');
    expect(current('one')?.status?.failure).toMatchObject({ reason: 'InvalidRequest' });
    expect(jobOf('one')).toBeUndefined();
  });

  it('does not reach into the repository of another namespace than that of the backup', async () => {
    const spec = { result: { ...RECORD, repository: 'c1/victim/data' }, backupNamespace: 'app' };
    harness.kube.seed(dataMoverDeletes, {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverDelete',
      metadata: { namespace: PROTECTED, name: 'one' },
      spec,
    });
    await harness.until(() => current('one')?.status?.phase === 'Failed');
    expect(current('one')?.status?.failure).toEqual({
      reason: 'Forbidden',
      message:
        'repository c1/victim/data belongs to namespace victim, but spec.backupNamespace is app; create another request with the namespace and the repository of one record',
    });
    expect(jobOf('one')).toBeUndefined();
  });

  it("is ignored in a tenant's namespace", async () => {
    addDelete('one', RECORD, 'app');
    await harness.advance(5_000);
    expect(current('one', 'app')?.status).toBeUndefined();
    expect(jobOf('one')).toBeUndefined();
  });

  it('continues after a restart', async () => {
    addDelete('one');
    await harness.until(() => jobOf('one') !== undefined);
    await harness.stop();
    succeed('one');
    await harness.start();
    await harness.until(() => current('one')?.status?.phase === 'Completed');
  });
});

/** The id of the repository in restic. */
const ID = 'c0'.repeat(32);

describe('a snapshot that is not in the repository', () => {
  it('counts as removed if the record identifies the repository', async () => {
    addDelete('one', { ...RECORD, repositoryID: ID });
    await harness.until(() => jobOf('one') !== undefined);
    findNothing('one');
    await harness.until(() => current('one')?.status?.phase === 'Completed');
  });

  it.each([
    ['was only guessed', undefined],
    ['has the name that the record contains', 'volsync'],
  ])('does not count as removed otherwise: a class that %s may lead to another bucket', async (_, name) => {
    addDelete('one', RECORD, PROTECTED, name);
    await harness.until(() => jobOf('one') !== undefined);
    findNothing('one');
    await harness.until(() => current('one')?.status?.phase === 'Retrying');
    expect(current('one')?.status).not.toHaveProperty('removedAt');
    expect(current('one')?.status?.lastFailure).toEqual({
      reason: 'RepositoryMissing',
      message:
        'snapshot abcdef01 is not in repository c1/app/data of DataMoverClass volsync, and the record of the backup has no id that proves that this is its repository; look for the snapshot where the class led at the time of the backup; if the data was removed on purpose, delete DataMoverDelete velero/one',
    });
    await harness.until(() => current('one')?.status?.retryAt === undefined);
  });

  it('is not looked for in a repository that the record does not identify', async () => {
    addDelete('one', { ...RECORD, repositoryID: ID }, PROTECTED, 'volsync');
    await harness.until(() => jobOf('one') !== undefined);
    end('one', 30, `Fatal: the repository has another identity: ${'c1'.repeat(32)} instead of ${ID}`);
    await harness.until(() => current('one')?.status?.phase === 'Retrying');
    expect(current('one')?.status?.lastFailure).toMatchObject({
      reason: 'RepositoryMissing',
      message: expect.stringContaining('is not the one that the record names; check'),
    });
  });
});

describe('a removal that fails', () => {
  const secret = { namespace: PROTECTED, name: 'restic-config' };
  const phase = () => current('one')?.status?.phase;

  it('reports why, and succeeds when the cause is fixed', async () => {
    const before = harness.inventory();
    addDelete('one');
    await harness.until(() => jobOf('one') !== undefined);
    fail('one', 'Fatal: wrong password or no key found');
    await harness.until(() => phase() === 'Retrying');
    expect(current('one')?.status).toMatchObject({
      message: expect.stringContaining('RESTIC_PASSWORD'),
      lastFailure: { reason: 'WrongPassword' },
      failedTries: 1,
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'WrongPassword' }),
      ]),
    });
    expect(current('one')?.status).not.toHaveProperty('failure');
    expect(harness.reports).toContainEqual(
      expect.objectContaining({ type: 'Warning', message: expect.stringContaining('RESTIC_PASSWORD') }),
    );
    await harness.until(() => jobOf('one') === undefined);
    expect(harness.inventory()).toEqual(before);
    await harness.until(() => jobOf('one') !== undefined);
    succeed('one');
    await harness.until(() => phase() === 'Completed');
    expect(current('one')?.status).not.toHaveProperty('lastFailure');
    expect(harness.inventory()).toEqual(before);
  });

  it('releases its slot at the cleanup deadline if the Job of its try cannot be deleted', async () => {
    addDelete('one');
    await harness.until(() => jobOf('one') !== undefined);
    harness.kube.edit(jobs, { namespace: PROTECTED, name: jobOf('one')?.metadata.name ?? '' }, (job) => {
      job.metadata.finalizers = ['example.com/stuck'];
    });
    fail('one', 'Fatal: wrong password or no key found');
    await harness.until(() => phase() === 'Retrying');
    await harness.advance(280_000, 10_000);
    expect(current('one')?.status?.admittedAt).toBeDefined();
    await harness.until(() => current('one')?.status?.admittedAt === undefined, 60_000);
    // It does not take a slot again while it can do nothing with it.
    await harness.advance(600_000, 10_000);
    expect(current('one')?.status).toMatchObject({
      failedTries: 1,
      message: expect.stringMatching(/the next try waits for the deletion of Job velero\/.*$/),
    });
    expect(current('one')?.status).not.toHaveProperty('admittedAt');
    harness.kube.edit(jobs, jobKey('one'), (job) => void (job.metadata.finalizers = []));
    await harness.until(
      () => jobOf('one') !== undefined && current('one')?.status?.movingSince !== undefined,
    );
    succeed('one');
    await harness.until(() => phase() === 'Completed');
  });

  it('has no slot between two tries, so that a backup of the same claim can run', async () => {
    harness.kube.remove(secrets, secret);
    addDelete('one');
    await harness.until(() => phase() === 'Retrying');
    harness.addSecret();
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.phase === 'Completed', 25_000);
    expect(phase()).toBe('Retrying');
  });

  it('waits for a class that can serve it', async () => {
    harness.kube.remove(dataMoverClasses, { name: 'volsync' });
    addDelete('one');
    await harness.until(() => phase() === 'Retrying');
    expect(current('one')?.status?.lastFailure?.reason).toBe('NoClass');
    harness.addClass();
    await harness.until(() => jobOf('one') !== undefined);
    succeed('one');
    await harness.until(() => phase() === 'Completed');
  });

  it('waits for a class with the mover that created the backup', async () => {
    addDelete('one', { ...RECORD, mover: 'Elsewhere' });
    await harness.until(() => phase() === 'Retrying');
    expect(current('one')?.status?.lastFailure).toMatchObject({
      reason: 'NoClass',
      message: expect.stringContaining('mover Elsewhere'),
    });
  });

  it('ends when its request is deleted, and leaves nothing behind', async () => {
    const before = harness.inventory();
    addDelete('one');
    await harness.until(() => jobOf('one') !== undefined);
    fail('one', 'Fatal: wrong password or no key found');
    await harness.until(() => phase() === 'Retrying');
    await harness.kube.client().delete(dataMoverDeletes, { namespace: PROTECTED, name: 'one' });
    await harness.until(() => current('one') === undefined);
    expect(harness.inventory()).toEqual(before);
    expect(harness.reports).toContainEqual(
      expect.objectContaining({
        reason: 'DataMoverCanceled',
        message: 'velero/one was deleted before it was completed',
      }),
    );
  });
});
