import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configMaps, persistentVolumeClaims, persistentVolumes } from '../../../api/kubernetes/core.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import { claim, pod, untilBound, untilRunning, type Place } from '../support/app.ts';
import { openStory, type Story } from '../support/story.ts';
import { backUp, movedBackups, movedRestores, restore, storedObjects } from '../support/velero.ts';

/** The plugin is installed, but the data mover is not enabled. */
describe('the data mover turned off', () => {
  let story: Story;
  let app: Place;
  let live: { pvc: Resource; pv: Resource };
  let stored: ReadonlyMap<string, Resource>;
  let backup: string;

  const turn = async (enable: 'true' | 'false'): Promise<void> => {
    const key = { namespace: story.namespace, name: 'data-mover' };
    await story.kube.mergePatch(configMaps, key, { data: { enable } });
  };

  beforeAll(async () => {
    story = await openStory('off');
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    await turn('false');
    story.atEnd(() => turn('true'));
    await story.apply(
      claim({ namespace, name: 'data' }, { labels: { tier: 'gold' }, annotations: { note: 'mine' } }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, 'echo precious > /data/file');
    const pvc = (await story.kube.get(persistentVolumeClaims, { namespace, name: 'data' }))!;
    const pv = (await story.kube.get(persistentVolumes, { name: pvc.spec.volumeName! }))!;
    live = { pvc, pv };
    backup = story.unique('backup');
    await backUp(story, backup, namespace);
    stored = await storedObjects(story, backup);
  });

  afterAll(() => story.end());

  it('stores claim and volume as Velero alone stores them: as they are', () => {
    expect(stored.get(`persistentvolumeclaims/${app.namespace}/data`)).toEqual(live.pvc);
    expect(stored.get(`persistentvolumes/${live.pv.metadata.name}`)).toEqual(live.pv);
  });

  it('moves nothing', async () => {
    expect(await movedBackups(story, backup)).toEqual([]);
    expect([...stored.keys()].filter((path) => path.includes('datamover'))).toEqual([]);
  });

  it('restores as Velero alone does: a new, empty volume', async () => {
    const name = story.unique('restore');
    await story.loseNamespace(app.namespace);
    await restore(story, { name, from: backup });
    await untilRunning(story, app);
    const { spec, metadata } = await untilBound(story, { namespace: app.namespace, name: 'data' });
    expect(spec.selector).toBeUndefined();
    expect(metadata).toMatchObject({ labels: { tier: 'gold' }, annotations: { note: 'mine' } });
    expect((await story.exec(app, 'ls -A /data')).toString()).toBe('');
    expect(await movedRestores(story, name)).toEqual([]);
  });
});
