import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, restore } from './support/velero.ts';

/** Counts for ever, except while it is told to stop. After a restore it only keeps what it got. */
const APPLICATION = `
trap 'exit 0' TERM
n=0
[ -e /data/count-at-stop ] || while :; do
  if [ -e /tmp/stop ]; then touch /tmp/stopped; else n=$((n+1)); echo $n > /data/new; mv /data/new /data/count; fi
  sleep 0.05
done
while :; do sleep 3600 & wait $!; done`;
const STOP = `touch /tmp/stop
until [ -e /tmp/stopped ]; do sleep 0.05; done
cp /data/count /data/count-at-stop
echo consistent > /data/state`;
const RESUME = `echo dirty > /data/state
rm /tmp/stop /tmp/stopped`;

/** A pre-hook stops the writes, a post-hook resumes them; storage is slow to cut the snapshot. */
describe('an application with backup hooks', () => {
  let story: Story;
  let app: Place;
  let live: Record<string, string>;
  let restored: Record<string, string>;

  const look = async (): Promise<Record<string, string>> => {
    const files = ['state', 'count', 'count-at-stop'];
    const said = await story.exec(app, `cd /data; cat ${files.join(' ')}`);
    const lines = said.toString().trim().split('\n');
    return Object.fromEntries(files.map((file, index) => [file, lines[index] ?? '']));
  };

  beforeAll(async () => {
    story = await openStory('hooks');
    const namespace = await story.makeNamespace('app');
    app = { namespace, name: 'app' };
    const slowly = story.unique('slow');
    await story.make({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: slowly },
      ...{ driver: story.cluster.csiDriver, deletionPolicy: 'Delete', parameters: { delaySeconds: '3' } },
    });
    await story.apply(
      claim({ namespace, name: 'data' }, { annotations: { 'velero.io/csi-volumesnapshot-class': slowly } }),
      pod(app, story.cluster.images.busybox, {
        mounts: { '/data': 'data' },
        script: APPLICATION,
        annotations: {
          'pre.hook.backup.velero.io/command': JSON.stringify(['sh', '-c', STOP]),
          'post.hook.backup.velero.io/command': JSON.stringify(['sh', '-c', RESUME]),
        },
      }),
    );
    await untilRunning(story, app);
    const backup = story.unique('backup');
    await backUp(story, backup, namespace);
    live = await look();
    await story.loseNamespace(namespace);
    await restore(story, { name: story.unique('restore'), from: backup });
    await untilRunning(story, app);
    restored = await look();
  });

  afterAll(() => story.end());

  it('went on writing after the backup', () => {
    expect(live['state']).toBe('dirty');
    expect(Number(live['count'])).toBeGreaterThan(Number(live['count-at-stop']));
  });

  it('gets back what it was between the two hooks, however slow the snapshot', () => {
    expect(restored).toEqual({
      state: 'consistent',
      count: live['count-at-stop'],
      'count-at-stop': live['count-at-stop'],
    });
  });
});
