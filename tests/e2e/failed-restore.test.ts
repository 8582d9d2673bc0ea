import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverRestore } from '../../api/datamover/v1alpha1/data-mover-restore.ts';
import { claim, pod, untilBound, untilRunning, type ClaimOptions } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { resticSecret } from './support/setup.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import {
  backupEnd,
  describeBackup,
  describeRestore,
  movedBackups,
  movedRestores,
  restoreEnd,
  startBackup,
  startRestore,
} from './support/velero.ts';

interface Trouble {
  mover: 'VolSync' | 'Restic';
  reason: string;
  /** What the message must contain: restic's own line, its meaning and the remedy. */
  says: readonly (string | RegExp)[];
}

/** By the name of a claim that has a class of its own. */
const UNSAVED: Readonly<Record<string, Trouble>> = {
  'never-saved': { mover: 'VolSync', reason: 'SecretNotFound', says: ['does not exist'] },
  'no-bucket': {
    mover: 'VolSync',
    reason: 'RepositoryUnreachable',
    says: [/reports: .*bucket/i, 'does not exist; create it or correct key RESTIC_REPOSITORY'],
  },
  'no-bucket-either': {
    mover: 'Restic',
    reason: 'RepositoryUnreachable',
    says: [/reports: .*bucket/i, 'does not exist; create it or correct key RESTIC_REPOSITORY'],
  },
  unreadable: {
    mover: 'Restic',
    reason: 'UnreadableSource',
    says: [/reports: .*file: permission denied/, 'run the mover as root'],
  },
};

const FULL = [/reports: .*no space left on device/, 'raise the size of the destination'];

const UNRESTORED: Readonly<Record<string, Trouble>> = {
  'lost-password': { mover: 'VolSync', reason: 'WrongPassword', says: ['set it to the password'] },
  'no-space': { mover: 'VolSync', reason: 'NoSpace', says: FULL },
  'no-space-either': { mover: 'Restic', reason: 'NoSpace', says: FULL },
};
const TROUBLES = { ...UNSAVED, ...UNRESTORED };
const CLAIMS = [...Object.keys(TROUBLES), 'healthy'];
const LARGE = Object.keys(TROUBLES).filter((name) => TROUBLES[name]?.reason === 'NoSpace');

/** Some volumes cannot be backed up, others can no longer be restored, and the rest succeed. */
describe('a restore of which a part cannot succeed', () => {
  let story: Story;
  let namespace: string;
  let phases: { backup: string; restore: string };
  let described: { backup: string; restore: string };
  let backups: DataMoverBackup[];
  let restores: DataMoverRestore[];

  const backupOf = (pvc: string): DataMoverBackup =>
    backups.find(({ spec }) => spec.dataSourceRef.name === pvc)!;
  const restoreOf = (pvc: string): DataMoverRestore =>
    restores.find(({ spec }) => spec.destinationClaimRef.name === pvc)!;
  const secret = (name: string, keys = {}): Promise<void> =>
    story.make(resticSecret(story.cluster, { name: story.unique(name), ...keys }));

  const makeClasses = async (): Promise<void> => {
    const { endpoint, stranger } = story.cluster.s3;
    // A user with permission to create buckets can have the missing one created.
    const noBucket = {
      RESTIC_REPOSITORY: `s3:${endpoint}/${story.unique('bucket')}/restic`,
      AWS_ACCESS_KEY_ID: stranger.accessKey,
      AWS_SECRET_ACCESS_KEY: stranger.secretKey,
    };
    for (const [name, { mover, reason }] of Object.entries(TROUBLES)) {
      if (reason !== 'SecretNotFound') await secret(name, name.startsWith('no-bucket') ? noBucket : {});
      const config = {
        resticSecret: { name: story.unique(name) },
        resticImage: story.cluster.images.volsyncRestic,
        ...(name === 'unreadable' && { moverSecurityContext: { runAsUser: 1000, runAsGroup: 1000 } }),
      };
      await story.makeClass(name, { mover, config });
    }
  };

  const makeStorageClass = (parameters: Record<string, string>): Promise<void> =>
    story.make({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: story.unique('small') },
      ...{ provisioner: story.cluster.csiDriver, parameters },
    });

  const optionsOf = (name: string): ClaimOptions => ({
    ...(name in TROUBLES && { annotations: askForClass(story.unique(name)) }),
    ...(LARGE.includes(name) && { storageClassName: story.unique('small') }),
  });

  const makeApplication = async (): Promise<void> => {
    const app = { namespace, name: 'app' };
    await story.apply(
      ...CLAIMS.map((name) => claim({ namespace, name }, optionsOf(name))),
      pod(app, story.cluster.images.busybox, {
        mounts: Object.fromEntries(CLAIMS.map((name) => [`/${name}`, name])),
      }),
    );
    await untilRunning(story, app);
    await story.exec(app, CLAIMS.map((name) => `echo ${name} > /${name}/file`).join('\n'));
    await story.exec(app, 'chmod 0 /unreadable/file');
    const fill = (name: string): string => `head -c 4194304 /dev/urandom > /${name}/large`;
    await story.exec(app, LARGE.map(fill).join('\n'));
  };

  beforeAll(async () => {
    story = await openStory('unfit');
    namespace = await story.makeNamespace('app');
    await makeClasses();
    await makeStorageClass({});
    await makeApplication();
    const names = { backup: story.unique('backup'), restore: story.unique('restore') };
    await startBackup(story, names.backup, [namespace]);
    phases = { backup: await backupEnd(story, names.backup), restore: '' };
    backups = await movedBackups(story, names.backup);

    await secret('lost-password', { RESTIC_PASSWORD: 'another one' });
    await story.loseNamespace(namespace);
    await story.kubectl(['delete', 'storageclass', story.unique('small')]);
    await makeStorageClass({ holdsMiB: '1' });
    await startRestore(story, names.restore, names.backup);
    phases.restore = await restoreEnd(story, names.restore);
    restores = await movedRestores(story, names.restore);
    described = {
      backup: await describeBackup(story, names.backup),
      restore: await describeRestore(story, names.restore),
    };
  });

  afterAll(() => story.end());

  it('is PartiallyFailed, as the backup was', () => {
    expect(phases).toEqual({ backup: 'PartiallyFailed', restore: 'PartiallyFailed' });
    const saved = CLAIMS.filter((name) => backupOf(name).status?.phase === 'Completed');
    expect(saved).toEqual([...Object.keys(UNRESTORED), 'healthy']);
  });

  it.each(Object.entries(UNSAVED))(
    'has a backup that reports why %s was not saved, in its status and in Velero',
    (name, trouble) => {
      const failure = backupOf(name).status?.failure;
      expectWords(failure, trouble);
      expect(described.backup).toContain(`${trouble.reason}: ${failure?.message ?? ''}`);
    },
  );

  it.each(Object.entries(UNRESTORED))(
    'reports why %s is not restored, in its status and in Velero',
    (name, trouble) => {
      const failure = restoreOf(name).status?.failure;
      expectWords(failure, trouble);
      expect(described.restore).toContain(`${trouble.reason}: ${failure?.message ?? ''}`);
    },
  );

  it('reports why the volumes that were not saved have no backup', () => {
    for (const [name, { reason }] of Object.entries(UNSAVED)) {
      const { phase, failure } = restoreOf(name).status!;
      expect([phase, failure?.reason]).toEqual(['Failed', 'BackupNotCompleted']);
      expect(failure?.message).toContain(reason);
    }
  });

  it('names the Secret with the wrong password', () => {
    const { failure } = restoreOf('lost-password').status!;
    expect(failure?.message).toContain(`${story.namespace}/${story.unique('lost-password')}`);
  });

  it('creates no empty volume in place of one that was not restored', async () => {
    for (const name of Object.keys(TROUBLES)) {
      const pvc = await story.kube.get(persistentVolumeClaims, { namespace, name });
      expect(pvc?.status?.phase).toBe('Pending');
    }
  });

  it('brings the healthy volume back all the same', async () => {
    await untilBound(story, { namespace, name: 'healthy' });
    const reader = { namespace, name: 'reader' };
    await story.apply(pod(reader, story.cluster.images.busybox, { mounts: { '/data': 'healthy' } }));
    await untilRunning(story, reader);
    expect((await story.exec(reader, 'cat /data/file')).toString()).toBe('healthy\n');
  });

  it('leaves nothing behind', async () => {
    expect(await leftoversOf(story, [...backups, ...restores])).toEqual([]);
  });
});

function expectWords(
  failure: { reason: string; message: string } | undefined,
  { reason, says }: Trouble,
): void {
  expect(failure?.reason).toBe(reason);
  for (const text of says) {
    const expected: unknown =
      typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text);
    expect(failure?.message).toEqual(expected);
  }
}
