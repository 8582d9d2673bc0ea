import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { claim, pod, untilRunning, type Place } from './support/app.ts';
import { openStory, type Story } from './support/story.ts';
import { backUp, movedBackups, restore } from './support/velero.ts';

/** Each pod of the application with its claims. */
const PODS: Readonly<Record<string, readonly string[]>> = { app: ['data', 'journal'], peer: ['own'] };
const CLAIMS = Object.values(PODS).flat();

/** Counts forever on all of its volumes, except while it is stopped. After a restore it only keeps what was restored. */
const APPLICATION = `
trap 'exit 0' TERM
n=0
ls /data/*/count-at-stop >/dev/null 2>&1 || while :; do
  if [ -e /tmp/stop ]; then touch /tmp/stopped
  else
    n=$((n+1))
    for folder in /data/*; do echo $n > $folder/new; mv $folder/new $folder/count; done
  fi
  sleep 0.05
done
while :; do sleep 3600 & wait $!; done`;
const STOP = `touch /tmp/stop
until [ -e /tmp/stopped ]; do sleep 0.05; done
for folder in /data/*; do cp $folder/count $folder/count-at-stop; echo consistent > $folder/state; done
date +%s > /tmp/stopped-at`;
const RESUME = `for folder in /data/*; do echo dirty > $folder/state; done
date +%s > /tmp/resumed-at
rm /tmp/stop /tmp/stopped`;

/** A pre-hook stops the writes of a pod, a post-hook resumes them; the storage is slow to take the snapshots. */
describe('an application with backup hooks', () => {
  let story: Story;
  let namespace: string;
  let requests: DataMoverBackup[];
  /** Of each pod, seconds since 1970. */
  const windows: Record<string, { from: number; to: number }> = {};
  let live: Record<string, Contents>;
  let restored: Record<string, Contents>;

  interface Contents {
    state: string;
    count: string;
    atStop: string;
  }
  const places = (): Place[] => Object.keys(PODS).map((name) => ({ namespace, name }));
  const startAll = (): Promise<unknown> => Promise.all(places().map((place) => untilRunning(story, place)));
  const linesOf = async (place: Place, files: readonly string[]): Promise<string[]> =>
    (await story.exec(place, `cat ${files.join(' ')}`)).toString().trim().split('\n');

  const look = async (): Promise<Record<string, Contents>> => {
    const found: Record<string, Contents> = {};
    for (const place of places())
      for (const name of PODS[place.name] ?? []) {
        const files = ['state', 'count', 'count-at-stop'].map((file) => `/data/${name}/${file}`);
        const [state = '', count = '', atStop = ''] = await linesOf(place, files);
        found[name] = { state, count, atStop };
      }
    return found;
  };

  beforeAll(async () => {
    story = await openStory('hooks');
    namespace = await story.makeNamespace('app');
    const slowly = story.unique('slow');
    await story.make({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: slowly },
      ...{ driver: story.cluster.csiDriver, deletionPolicy: 'Delete', parameters: { delaySeconds: '3' } },
    });
    const annotations = { 'velero.io/csi-volumesnapshot-class': slowly };
    const hooks = {
      'pre.hook.backup.velero.io/command': JSON.stringify(['sh', '-c', STOP]),
      'post.hook.backup.velero.io/command': JSON.stringify(['sh', '-c', RESUME]),
    };
    await story.apply(
      ...CLAIMS.map((name) => claim({ namespace, name }, { annotations })),
      ...places().map((place) =>
        pod(place, story.cluster.images.busybox, {
          mounts: Object.fromEntries(PODS[place.name]!.map((name) => [`/data/${name}`, name])),
          script: APPLICATION,
          annotations: hooks,
        }),
      ),
    );
    await startAll();
    const backup = story.unique('backup');
    await backUp(story, backup, namespace);
    requests = await movedBackups(story, backup);
    for (const place of places()) {
      const [from, to] = (await linesOf(place, ['/tmp/stopped-at', '/tmp/resumed-at'])).map(Number);
      windows[place.name] = { from: from ?? 0, to: to ?? 0 };
    }
    live = await look();
    await story.loseNamespace(namespace);
    await restore(story, { name: story.unique('restore'), from: backup });
    await startAll();
    restored = await look();
  });

  afterAll(() => story.end());

  it('continues to write after the backup', () => {
    for (const { state, count, atStop } of Object.values(live)) {
      expect(state).toBe('dirty');
      expect(Number(count)).toBeGreaterThan(Number(atStop));
    }
  });

  it.each(CLAIMS)('gets claim "%s" back as it was between the hooks, however slow the snapshot', (name) => {
    const { atStop } = live[name]!;
    expect(restored[name]).toEqual({ state: 'consistent', count: atStop, atStop });
  });

  it('has all claims of a pod captured in one window of that pod', () => {
    for (const [name, claims] of Object.entries(PODS))
      for (const { spec, status } of requests.filter((one) => claims.includes(one.spec.dataSourceRef.name))) {
        const at = Date.parse(status!.capture!.time) / 1000;
        expect([spec.dataSourceRef.name, at >= windows[name]!.from]).toEqual([spec.dataSourceRef.name, true]);
        expect([spec.dataSourceRef.name, at <= windows[name]!.to]).toEqual([spec.dataSourceRef.name, true]);
      }
    expect(requests).toHaveLength(CLAIMS.length);
  });

  it('is stopped one pod after the other, not all for as long as the slowest', () => {
    const [first, second] = Object.values(windows).sort((a, b) => a.from - b.from);
    expect(second!.from).toBeGreaterThanOrEqual(first!.to);
  });
});
