import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../api/v1alpha1/data-mover-delete.ts';
import { keyOf } from '../../api/meta.ts';
import { backups } from '../../api/external/velero.ts';
import { dataMoverBackups, dataMoverDeletes } from '../../api/v1alpha1/kinds.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { differences, manifestOf, type Manifest } from './support/data.ts';
import { leftoversOf } from './support/leftovers.ts';
import { restic } from './support/restic.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, restore } from './support/velero.ts';
import { untilGone } from './support/wait.ts';

/** Of two backups the older is not needed any more. */
describe('deleting a Velero backup', () => {
  let story: Story;
  let app: Place;
  let younger: Manifest;
  const requests: DataMoverBackup[] = [];
  const removals: DataMoverDelete[] = [];

  const backUpNow = async (name: string): Promise<void> => {
    await backUp(story, story.unique(name), app.namespace);
    requests.push(...(await movedBackups(story, story.unique(name))));
  };
  const snapshotIDs = async (): Promise<string[]> => {
    const { repository } = requests[0]!.status!.result!;
    const found = await restic<{ short_id: string }[]>(story.cluster, repository, ['snapshots']);
    return found.map(({ short_id }) => short_id);
  };
  const idOf = (request: DataMoverBackup | undefined): string =>
    request!.status!.result!.snapshotID!.slice(0, 8);

  beforeAll(async () => {
    story = await openStory('deletion');
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'data' }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(
      app,
      'cd /data; head -c 5000000 /dev/urandom > kept; head -c 5000000 /dev/urandom > old',
    );
    await backUpNow('first');
    await story.exec(app, 'cd /data; rm old; echo new > new');
    younger = await manifestOf(story, app);
    await backUpNow('second');
    expect(await snapshotIDs()).toEqual(requests.map(idOf));
    await story.cluster.velero(['backup', 'delete', story.unique('first'), '--confirm']);
    await untilGone(story.kube, backups, { namespace: story.namespace, name: story.unique('first') });
  });

  afterAll(() => story.end());

  it('removes its data from the repository, and no other', async () => {
    for await (const request of story.kube.list(dataMoverDeletes, { namespace: story.namespace })) {
      if (request.spec.result.repository !== requests[0]!.status!.result!.repository) continue;
      removals.push(request);
      await story.kubectl([
        'wait',
        '--for=condition=Ready',
        '--timeout=120s',
        '--namespace',
        story.namespace,
        `datamoverdelete/${request.metadata.name}`,
      ]);
    }
    expect(removals.map(({ spec }) => spec.result.snapshotID)).toEqual([
      requests[0]!.status!.result!.snapshotID,
    ]);
    expect(await snapshotIDs()).toEqual([idOf(requests[1])]);
  });

  it('removes its record from the cluster, and no other', async () => {
    await untilGone(story.kube, dataMoverBackups, keyOf(requests[0]!));
    expect(await story.kube.get(dataMoverBackups, keyOf(requests[1]!))).toBeDefined();
  });

  it('leaves nothing of the removal behind', async () => {
    expect(await leftoversOf(story, removals)).toEqual([]);
  });

  it('leaves the other backup whole', async () => {
    await story.loseNamespace(app.namespace);
    await restore(story, { name: story.unique('restore'), from: story.unique('second') });
    await untilRunning(story, app);
    expect(differences(younger, await manifestOf(story, app))).toEqual([]);
  });
});
