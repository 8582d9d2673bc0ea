import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  DataMoverBackup,
  DataMoverBackupStatus,
} from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import { childName } from '../../api/datamover/v1alpha1/names.ts';
import { waitUntil } from '../../hack/cluster/wait.ts';
import { claim, pod, untilRunning } from './support/app.ts';
import { writesSince } from './support/audit.ts';
import { record, type Recording } from './support/recording.ts';
import { makeSlowClass } from './support/slow-class.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { movedBackups, startBackup, untilBackedUp } from './support/velero.ts';

const LIMIT = 3;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const CUT_SECONDS = 4;

/** An interval, in milliseconds since 1970. */
interface Span {
  from: number;
  to: number;
}

/** Six volumes, a class that allows three moves at once, and storage that is slow to take a snapshot. */
describe('several volumes in one backup', () => {
  let story: Story;
  let requests: DataMoverBackup[];
  let recording: Recording<DataMoverBackup>;
  let started: number;
  let className: string;

  const statuses = (): DataMoverBackupStatus[] => requests.map(({ status }) => status!);
  const queues = () => recording.versions.flatMap(({ status }) => status?.queue ?? []);
  const longestQueue = (): number => Math.max(...queues().map(({ ahead }) => ahead));

  beforeAll(async () => {
    story = await openStory('many');
    const namespace = await story.makeNamespace('app');
    // No move completes before all that wait have shown their position.
    const slow = await makeSlowClass(story, 1, { limits: { backups: LIMIT } });
    className = slow.name;
    const slowly = story.unique('slow');
    await story.make({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: slowly },
      ...{
        driver: story.cluster.csiDriver,
        deletionPolicy: 'Delete',
        parameters: { delaySeconds: String(CUT_SECONDS) },
      },
    });
    const annotations = { ...askForClass(className), 'velero.io/csi-volumesnapshot-class': slowly };
    const mounts = Object.fromEntries(NAMES.map((name) => [`/${name}`, name]));
    const app = { namespace, name: 'app' };
    await story.apply(
      ...NAMES.map((name) => claim({ namespace, name }, { annotations })),
      pod(app, story.cluster.images.busybox, { mounts }),
    );
    await untilRunning(story, app);
    await story.exec(app, NAMES.map((name) => `echo ${name} > /${name}/file`).join('\n'));
    recording = record(story.kube, dataMoverBackups, namespace);
    started = Date.now();
    await startBackup(story, story.unique('backup'), [namespace]);
    await waitUntil(
      'the last request reports its position',
      () => longestQueue() >= NAMES.length - LIMIT - 1,
      {
        timeoutMs: 180_000,
      },
    );
    slow.proxy.limit(Infinity);
    await untilBackedUp(story, story.unique('backup'));
    recording.stop();
    requests = await movedBackups(story, story.unique('backup'));
  });

  afterAll(() => story.end());

  it('are all moved', () => {
    expect(statuses().map(({ phase }) => phase)).toEqual(NAMES.map(() => 'Completed'));
    expect(
      statuses()
        .map(({ volume }) => volume!.pvcName)
        .sort(),
    ).toEqual(NAMES);
  });

  it('are captured side by side, not one after another', () => {
    const cuts = statuses().map(({ capture }) => Date.parse(capture!.time));
    const oneByOne = (NAMES.length - 1) * CUT_SECONDS * 1000;
    expect(Math.max(...cuts) - Math.min(...cuts)).toBeLessThan(oneByOne * 0.75);
  });

  it('are moved side by side up to the limit of their class, and never more, by their status', () => {
    const spans = statuses().map(({ admittedAt, completionTimestamp }) => ({
      from: Date.parse(admittedAt!),
      to: Date.parse(completionTimestamp!),
    }));
    expect(mostAtOnce(spans)).toBe(LIMIT);
  });

  it('are moved side by side up to the limit, by what the API server saw of the movers', async () => {
    const children = requests.map(({ metadata }) => childName('backup', metadata.uid!));
    const writes = (await writesSince(story.cluster, started)).filter(
      ({ resource, code }) => resource === 'replicationsources' && code < 300,
    );
    const spans = children.map((child) => ({
      from: writes.find(({ verb, name }) => verb === 'create' && name === child)!.receivedAt,
      to: writes.find(({ verb, name }) => verb === 'delete' && name === child)!.receivedAt,
    }));
    expect(mostAtOnce(spans)).toBe(LIMIT);
  });

  it('report the number of requests ahead and the reason while they wait', () => {
    const longest = longestQueue();
    // All start at once, so requests that will be admitted in a moment count as well.
    expect(longest).toBeGreaterThanOrEqual(NAMES.length - LIMIT - 1);
    expect(longest).toBeLessThan(NAMES.length);
    expect(queues().map(({ reason }) => reason)).toContain(
      `${LIMIT} of ${LIMIT} slots of DataMoverClass ${className} are in use`,
    );
    expect(statuses().flatMap(({ queue }) => queue ?? [])).toEqual([]);
  });
});

/** Returns the largest number of spans that overlap at one moment. */
function mostAtOnce(spans: readonly Span[]): number {
  return Math.max(
    ...spans.map(({ from }) => spans.filter((one) => one.from <= from && from < one.to).length),
  );
}
