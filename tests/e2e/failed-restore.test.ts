import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/external/core.ts';
import type { DataMoverRestore } from '../../api/v1alpha1/data-mover-restore.ts';
import { claim, pod, untilBound, untilRunning } from './support/app.ts';
import { leftoversOf } from './support/leftovers.ts';
import { resticSecret } from './support/setup.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import {
  backupEnd,
  describeRestore,
  movedBackups,
  movedRestores,
  restoreEnd,
  startBackup,
  startRestore,
} from './support/velero.ts';

/** One volume was never backed up, of another one the password has been lost since; a third one is well. */
describe('a restore of which a part cannot succeed', () => {
  let story: Story;
  let namespace: string;
  let phases: { backup: string; restore: string };
  let name: string;
  let restores: DataMoverRestore[];

  const CLASSES = ['never-saved', 'lost-password'];
  const CLAIMS = [...CLASSES, 'healthy'];
  const restoreOf = (pvc: string): DataMoverRestore =>
    restores.find(({ spec }) => spec.destinationClaimRef.name === pvc)!;
  const secret = (password = {}): Promise<void> =>
    story.make(resticSecret(story.cluster, { name: story.unique('lost-password'), ...password }));

  beforeAll(async () => {
    story = await openStory('unfit');
    namespace = await story.makeNamespace('app');
    await secret();
    for (const one of CLASSES) {
      await story.makeClass(one, { config: { resticSecret: { name: story.unique(one) } } });
    }
    const app = { namespace, name: 'app' };
    await story.apply(
      ...CLAIMS.map((one) => {
        const annotations = CLASSES.includes(one) ? askForClass(story.unique(one)) : {};
        return claim({ namespace, name: one }, { annotations });
      }),
      pod(app, story.cluster.images.busybox, {
        mounts: Object.fromEntries(CLAIMS.map((one) => [`/${one}`, one])),
      }),
    );
    await untilRunning(story, app);
    await story.exec(app, CLAIMS.map((one) => `echo ${one} > /${one}/file`).join('\n'));
    const backup = story.unique('backup');
    await startBackup(story, backup, [namespace]);
    phases = { backup: await backupEnd(story, backup), restore: '' };
    expect((await movedBackups(story, backup)).map(({ status }) => status?.phase).sort()).toEqual([
      'Completed',
      'Completed',
      'Failed',
    ]);
    await secret({ RESTIC_PASSWORD: 'another one' });
    await story.loseNamespace(namespace);
    name = story.unique('restore');
    await startRestore(story, name, backup);
    phases.restore = await restoreEnd(story, name);
    restores = await movedRestores(story, name);
  });

  afterAll(() => story.end());

  it('is PartiallyFailed, as the backup was', async () => {
    expect(phases).toEqual({ backup: 'PartiallyFailed', restore: 'PartiallyFailed' });
    const described = await describeRestore(story, name);
    for (const one of CLASSES) expect(described).toContain(restoreOf(one).status!.failure!.reason);
  });

  it('says of the volume without a backup why there is none', () => {
    const { phase, failure } = restoreOf('never-saved').status!;
    expect(phase).toBe('Failed');
    expect(failure?.reason).toBe('BackupNotCompleted');
    expect(failure?.message).toContain(
      `SecretNotFound: Secret ${story.namespace}/${story.unique('never-saved')}`,
    );
  });

  it('says which password is wrong', () => {
    const { phase, failure } = restoreOf('lost-password').status!;
    expect(phase).toBe('Failed');
    expect(failure?.reason).toBe('WrongPassword');
    expect(failure?.message).toContain(`${story.namespace}/${story.unique('lost-password')}`);
  });

  it('gives the application no volume in place of the one that is missing', async () => {
    for (const one of CLASSES) {
      const pvc = await story.kube.get(persistentVolumeClaims, { namespace, name: one });
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
    expect(await leftoversOf(story, restores)).toEqual([]);
  });
});
