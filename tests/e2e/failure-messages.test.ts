import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { claim, pod, untilRunning, type ClaimOptions } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { leaveLock, locksIn, type MasterKey } from './support/restic-lock.ts';
import { restic } from './support/restic.ts';
import { resticSecret } from './support/setup.ts';
import { openStory, type Story } from './support/story.ts';
import { until } from './support/wait.ts';

const CUT_REFUSED = 'pool of snapshots is full';
const VOLUME_REFUSED = 'pool of volumes is full';

interface Trouble {
  reason: string;
  /** What the message must contain: the program that failed, the meaning and the remedy. */
  says: (RegExp | string)[];
}

/** By the name of the claim, which selects a class of its own. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'no-permission': {
    reason: 'PermissionDenied',
    says: ['reports:', 'Access Denied', 'access to', 'was denied', 'check the access keys in Secret'],
  },
  'out-of-memory': {
    reason: 'OutOfMemory',
    says: ['ran out of memory', 'raise config.moverResources.limits.memory'],
  },
  unschedulable: {
    reason: 'Unschedulable',
    says: ['the mover did not start within 15 s', 'cannot be scheduled', 'Insufficient memory'],
  },
  'no-snapshot': { reason: 'SnapshotFailed', says: ['no snapshot after 15 s', CUT_REFUSED] },
  'no-volume': {
    reason: 'StagingFailed',
    says: ['no staging volume after 15 s', 'ProvisioningFailed', VOLUME_REFUSED],
  },
  'young-lock': {
    reason: 'RepositoryLocked',
    says: [/reports: .*lock/, 'is locked by another process', 'restic unlock --remove-all'],
  },
};
const CLAIMS = [...Object.keys(TROUBLES), 'old-lock'];
const LOCKED = { 'young-lock': 60_000, 'old-lock': 40 * 60_000 };

describe('a backup with a problem', () => {
  let story: Story;
  let namespace: string;
  const requests = new Map<string, DataMoverBackup>();
  const statusOf = (pvc: string) => requests.get(pvc)!.status!;

  const moveByHand = async (name: string, pvc: string, className: string): Promise<void> => {
    await story.apply({
      apiVersion: apiVersionOf(dataMoverBackups),
      kind: dataMoverBackups.kind,
      metadata: { name, namespace },
      spec: { dataMoverClass: className, dataSourceRef: { kind: 'PersistentVolumeClaim', name: pvc } },
    });
  };
  const end = (name: string): Promise<DataMoverBackup> =>
    until(
      story.kube,
      dataMoverBackups,
      { namespace, name },
      {
        to: 'to end',
        timeoutMs: 300_000,
        when: ({ status }) => status?.completionTimestamp !== undefined,
      },
    );

  /** Returns the folder in which the S3 server keeps a repository. */
  const folderOf = (path: string): string => {
    const { config, s3 } = story.cluster;
    return join(config.paths.s3, s3.buckets.datamover, 'restic', path);
  };

  /** Ids of the locks that were left, by claim. */
  const locks = new Map<string, string>();

  /** Adds a lock to the repository of a claim, as a mover on a lost node leaves it. */
  const lock = async (pvc: string, ageMs: number): Promise<void> => {
    const path = (await end(`${pvc}-before`)).status!.result!.repository;
    const key = await restic<MasterKey>(story.cluster, path, ['cat', 'masterkey']);
    locks.set(pvc, await leaveLock(folderOf(path), key, { ageMs, exclusive: false }));
  };

  const classes = async (): Promise<void> => {
    const secret = (name: string): object => ({ resticSecret: { name: story.unique(name) } });
    const { accessKey, secretKey } = story.cluster.s3.stranger;
    const stranger = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey };
    await story.make(resticSecret(story.cluster, { name: story.unique('no-permission'), ...stranger }));
    await story.makeClass('no-permission', { config: { ...secret('no-permission') } });
    await story.makeClass('out-of-memory', {
      config: { moverResources: { limits: { memory: '16Mi' } } },
    });
    await story.makeClass('unschedulable', {
      config: { moverResources: { requests: { memory: '1Ti' } } },
      deadlines: { moverStartSeconds: 15 },
    });
    await story.makeClass('no-snapshot', { deadlines: { captureSeconds: 15 } });
    await story.makeClass('no-volume', { deadlines: { stagingSeconds: 15 } });
    for (const name of ['young-lock', 'old-lock']) await story.makeClass(name);
  };

  const storageClass = (parameters: Record<string, string>): object => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: story.unique('no-volume') },
    provisioner: story.cluster.csiDriver,
    parameters,
  });

  const optionsOf = (name: string): ClaimOptions => {
    if (name === 'no-volume') return { storageClassName: story.unique('no-volume') };
    if (name !== 'no-snapshot') return {};
    return { annotations: { 'velero.io/csi-volumesnapshot-class': story.unique('no-snapshot') } };
  };

  beforeAll(async () => {
    story = await openStory('words');
    namespace = await story.makeNamespace('app');
    await classes();
    await story.make(storageClass({}) as Parameters<Story['make']>[0]);
    await story.make({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: story.unique('no-snapshot') },
      ...{
        driver: story.cluster.csiDriver,
        deletionPolicy: 'Delete',
        parameters: { failCreate: CUT_REFUSED },
      },
    });
    const app = { namespace, name: 'app' };
    await story.apply(
      ...CLAIMS.map((name) => claim({ namespace, name }, optionsOf(name))),
      pod(app, story.cluster.images.busybox, {
        mounts: Object.fromEntries(CLAIMS.map((name) => [`/${name}`, name])),
      }),
    );
    await untilRunning(story, app);
    await story.exec(app, CLAIMS.map((name) => `echo ${name} > /${name}/file`).join('\n'));
    // The volume already exists; no second one will be provisioned.
    await story.kubectl(['delete', 'storageclass', story.unique('no-volume')]);
    await story.apply(storageClass({ failCreate: VOLUME_REFUSED }));

    for (const name of Object.keys(LOCKED)) await moveByHand(`${name}-before`, name, story.unique(name));
    const now = CLAIMS.filter((name) => !(name in LOCKED));
    for (const name of now) await moveByHand(name, name, story.unique(name));
    for (const [name, ageMs] of Object.entries(LOCKED)) {
      await lock(name, ageMs);
      await moveByHand(name, name, story.unique(name));
    }
    for (const name of CLAIMS) requests.set(name, await end(name));
  });

  afterAll(() => story.end());

  it.each(Object.entries(TROUBLES))(
    'reports the reason, the cause and the remedy: %s',
    (name, { reason, says }) => {
      const { phase, failure } = statusOf(name);
      expect({ phase, reason: failure?.reason, message: failure?.message }).toMatchObject({
        phase: 'Failed',
        reason,
      });
      for (const text of says) expect(failure?.message).toEqual(expect.stringMatching(asPattern(text)));
    },
  );

  it('succeeds if the only obstacle is the stale lock of a killed mover', () => {
    expect(statusOf('old-lock')).toMatchObject({ phase: 'Completed' });
  });

  it('leaves a lock alone that may be in use, and removes a stale one', async () => {
    const locksOf = (name: string): Promise<string[]> =>
      locksIn(folderOf(statusOf(name).repositoryPath ?? ''));
    expect(await locksOf('young-lock')).toEqual([locks.get('young-lock')]);
    // A mover that met the lock and was killed may have left one of its own.
    expect(await locksOf('old-lock')).not.toContain(locks.get('old-lock'));
  });

  it('leaves nothing behind', async () => {
    expect(await leftoversOf(story, [...requests.values()])).toEqual([]);
  });
});

function asPattern(text: RegExp | string): RegExp {
  return typeof text === 'string' ? new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')) : text;
}
