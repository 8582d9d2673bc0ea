import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  jobs,
  persistentVolumeClaims,
  pods,
  secrets,
  type Job,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { formatKey } from '../../api/kubernetes/meta.ts';
import type { DataMoverPrune, DataMoverPruneStatus } from '../../api/datamover/v1alpha1/data-mover-prune.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverClasses, dataMoverDeletes, dataMoverPrunes } from '../../api/datamover/v1alpha1/kinds.ts';
import { shortHash } from '../../api/kubernetes/names.ts';
import { ControllerHarness } from '../fakes/cluster/controller-harness.ts';

const PROTECTED = 'velero';
const REPOSITORY = 'c1/app/data';
const NO_SNAPSHOT = 'finding data that is still in use for 0 snapshots';
const REMOVED = 'the repository is removed';

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => {
    spec.repositories = { pruneIntervalSeconds: 0, removeEmpty: true };
  });
  await harness.start();
});

afterEach(() => harness.stop());

const prune = { namespace: PROTECTED, name: 'p1' };

function addPrune(mover = 'VolSync'): void {
  harness.kube.seed(dataMoverPrunes, {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverPrune',
    metadata: prune,
    spec: { mover, repository: REPOSITORY },
  });
}

type Runnable = Job & { spec: { template: { spec: { containers: { name: string }[] } } } };

const status = (): DataMoverPruneStatus => harness.kube.peek(dataMoverPrunes, prune)?.status ?? {};
const runOf = (program: string): Runnable | undefined =>
  (harness.kube.peekAll(jobs) as Runnable[]).find(
    ({ spec, status: ended }) => spec.template.spec.containers[0]?.name === program && ended === undefined,
  );

/** Waits for a program and acts in its place: it prints these lines and exits with this code. */
async function play(program: string, exitCode: number, ...lines: string[]): Promise<void> {
  await harness.until(() => runOf(program) !== undefined);
  const { apiVersion, kind, metadata } = runOf(program)!;
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
    spec: { containers: [{ name: program }] },
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: program, state: { terminated: { exitCode } } }],
    },
  });
  harness.cluster.state.logs.set(formatKey(pod), { lines, ended: true, listeners: new Set() });
  harness.kube.edit(jobs, { namespace: PROTECTED, name }, (job) => {
    job.status = exitCode === 0 ? { succeeded: 1 } : { failed: 3 };
  });
}

const isRemoved = (): unknown =>
  status().conditions?.find(({ type }) => type === 'RepositoryRemoved')?.status;

describe('a repository in which a prune finds no snapshot', () => {
  it('is removed together with the cache that the Restic mover keeps for it', async () => {
    const key = { namespace: PROTECTED, name: `restic-cache-${shortHash(REPOSITORY)}` };
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => {
      Object.assign(spec, { mover: 'Restic', config: { cacheCapacity: '1Gi' } });
    });
    harness.kube.seed<PersistentVolumeClaim>(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...key, labels: { [labels.cache]: shortHash(REPOSITORY) } },
      spec: { storageClassName: 'fast' },
    });
    addPrune('Restic');
    await play('restic', 0, NO_SNAPSHOT);
    expect(harness.kube.peek(persistentVolumeClaims, key)).toBeDefined();
    await play('rclone', 0, REMOVED);
    await harness.until(() => status().phase === 'Completed');
    expect(harness.kube.peek(persistentVolumeClaims, key)).toBeUndefined();
  });

  it('is removed, and nothing is left behind', async () => {
    const before = harness.inventory();
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => status().phase === 'Removing');
    await play('rclone', 0, REMOVED);
    await harness.until(() => status().phase === 'Completed');
    expect(status()).toMatchObject({
      snapshots: 0,
      removedAt: expect.any(String),
      message: 'the repository contained no snapshot and was removed',
    });
    expect(isRemoved()).toBe('True');
    expect(harness.inventory()).toEqual(before);
  });

  it('stays if removeEmpty of the class is false', async () => {
    harness.kube.edit(dataMoverClasses, { name: 'volsync' }, ({ spec }) => {
      spec.repositories.removeEmpty = false;
    });
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => status().phase === 'Completed');
    expect(status()).not.toHaveProperty('removedAt');
    expect(isRemoved()).toBeUndefined();
  });

  it.each([
    ['one is left', 'finding data that is still in use for 1 snapshots'],
    ['there are many', 'finding data that is still in use for 10 snapshots'],
    ['restic was not heard to say it', 'total prune:          12 blobs / 3.000 MiB'],
  ])('does not count as empty if %s', async (_, line) => {
    addPrune();
    await play('restic', 0, line);
    await harness.until(() => status().phase === 'Completed');
    expect(status()).not.toHaveProperty('removedAt');
  });

  it('stays if a backup waits for it', async () => {
    addPrune();
    await harness.until(() => runOf('restic') !== undefined);
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.queue !== undefined);
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => harness.backup()?.status?.phase === 'Completed');
    expect(status()).toMatchObject({ phase: 'Completed' });
    expect(status()).not.toHaveProperty('removedAt');
  });

  it('is removed completely once started, even if a backup waits and the prune is deleted', async () => {
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => runOf('rclone') !== undefined);
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.queue !== undefined);
    await harness.kube.client().delete(dataMoverPrunes, prune);
    await harness.advance(60_000, 10_000);
    expect(runOf('rclone')).toBeDefined();
    await play('rclone', 0, REMOVED);
    await harness.until(() => harness.backup()?.status?.phase === 'Completed');
    expect(harness.kube.peek(dataMoverPrunes, prune)).toBeUndefined();
  });

  it('stays if it is no longer empty when the removal starts', async () => {
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await play('rclone', 0, `the repository also holds locks/${'a'.repeat(64)}`);
    await harness.until(() => status().phase === 'Completed');
    expect(status().kept).toMatch(/^it is no longer empty: it contains locks\//);
    expect(isRemoved()).toBe('False');
  });

  it('stays, and the status reports why, if its kind of store does not support the removal', async () => {
    harness.addSecret({ RESTIC_REPOSITORY: 'rest:https://example.com/restic' });
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => status().phase === 'Completed');
    expect(runOf('rclone')).toBeUndefined();
    expect(status().conditions).toContainEqual(
      expect.objectContaining({
        type: 'RepositoryRemoved',
        status: 'False',
        reason: 'Kept',
        message: 'repositories at rest: cannot be removed, only those at s3:',
      }),
    );
    expect(status().message).toContain('was not removed: repositories at rest:');
  });

  it('is checked again after a failed removal, and removed even if that was incomplete', async () => {
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await play('rclone', 1, 'ERROR : config: AccessDenied: Access Denied');
    await harness.until(() => status().phase === 'Retrying');
    expect(status().lastFailure).toMatchObject({ reason: 'PermissionDenied' });
    expect(status()).not.toHaveProperty('snapshots');
    await play('restic', 10, 'Fatal: repository does not exist');
    await play('rclone', 0, REMOVED);
    await harness.until(() => status().phase === 'Completed');
    expect(status()).toHaveProperty('removedAt');
  });

  it('is removed before a waiting backup runs if an earlier removal was incomplete', async () => {
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await play('rclone', 1, 'ERROR : config: AccessDenied: Access Denied');
    await harness.until(() => status().phase === 'Retrying');
    await harness.until(() => runOf('restic') !== undefined);
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => harness.backup()?.status?.queue !== undefined);
    await play('restic', 10, 'Fatal: repository does not exist');
    await harness.until(() => status().phase === 'Removing');
    await play('rclone', 0, REMOVED);
    await harness.until(() => harness.backup()?.status?.phase === 'Completed');
    expect(status()).toHaveProperty('removedAt');
  });

  it('is not taken for removed when it was never found: the class may lead elsewhere', async () => {
    addPrune();
    await play('restic', 10, 'Fatal: repository does not exist');
    await harness.until(() => status().phase === 'Retrying');
    expect(status().lastFailure).toMatchObject({ reason: 'RepositoryMissing' });
    expect(runOf('rclone')).toBeUndefined();
  });

  it('is removed even if the controller restarts during the removal', async () => {
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => runOf('rclone') !== undefined);
    await harness.stop();
    await harness.start();
    await play('rclone', 0, REMOVED);
    await harness.until(() => status().phase === 'Completed');
    expect(status()).toHaveProperty('removedAt');
  });

  it('is passed to rclone in a secret that contains no password', async () => {
    addPrune();
    await play('restic', 0, NO_SNAPSHOT);
    await harness.until(() => runOf('rclone') !== undefined);
    const { name } = runOf('rclone')!.metadata;
    const data = harness.kube.peek(secrets, { namespace: PROTECTED, name })?.data ?? {};
    expect(Object.keys(data)).not.toContain('RESTIC_PASSWORD');
    expect(Buffer.from(data['REPOSITORY_FOLDER'] ?? '', 'base64').toString()).toBe(
      `bucket/restic/${REPOSITORY}`,
    );
  });
});

describe('a removal of data from a repository that does not exist', () => {
  const removal = () => harness.kube.peek(dataMoverDeletes, { namespace: PROTECTED, name: 'd1' });
  const repositoryID = 'c0'.repeat(32);

  beforeEach(() => {
    harness.kube.seed(dataMoverDeletes, {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverDelete',
      metadata: { namespace: PROTECTED, name: 'd1' },
      spec: {
        dataMoverClass: 'volsync',
        result: { mover: 'VolSync', repository: REPOSITORY, repositoryID, snapshotID: 'abcdef01' },
      },
    });
  });

  const removed = { dataMoverClass: 'volsync', mover: 'VolSync', repository: REPOSITORY, repositoryID };

  function addRemoved(spec: DataMoverPrune['spec']): void {
    harness.kube.seed(dataMoverPrunes, {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverPrune',
      metadata: { namespace: PROTECTED, name: 'p0' },
      spec,
      status: { phase: 'Completed', removedAt: '2026-01-01T00:00:00Z' },
    });
  }

  it('has nothing left to do when a prune has removed that very repository', async () => {
    addRemoved(removed);
    await play('restic', 10, 'Fatal: repository does not exist');
    await harness.until(() => removal()?.status?.phase === 'Completed');
    expect(harness.kube.peekAll(dataMoverPrunes)).toHaveLength(1);
  });

  it.each<[string, DataMoverPrune['spec'] | undefined]>([
    ['nothing has removed it', undefined],
    ['a prune has removed one of another class', { ...removed, dataMoverClass: 'other' }],
    ['a prune has removed one of another identity', { ...removed, repositoryID: 'c1'.repeat(32) }],
    ['a prune has removed one of another path', { ...removed, repository: 'c1/app/other' }],
  ])('fails visibly and is tried again when %s', async (_, spec) => {
    if (spec !== undefined) addRemoved(spec);
    await play('restic', 10, 'Fatal: repository does not exist');
    await harness.until(() => removal()?.status?.phase === 'Retrying');
    expect(removal()?.status?.lastFailure).toEqual({
      reason: 'RepositoryMissing',
      message: expect.stringMatching(
        /^repository .* does not exist.*; if the data was removed on purpose, delete DataMoverDelete velero\/d1$/,
      ),
    });
  });
});
