import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../../hack/cluster/wait.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups } from '../../api/datamover/v1alpha1/kinds.ts';
import type { LogFields } from '../../telemetry/log.ts';
import { claim, pod, untilRunning } from './support/app.ts';
import { record, type Recording } from './support/recording.ts';
import { makeSlowClass } from './support/slow-class.ts';
import { askForClass, openStory, type Story } from './support/story.ts';
import { describeBackup, logOf, startBackup, untilBackedUp } from './support/velero.ts';

/** restic prints MiB with three decimals, so only such a size is read back exactly. */
const BYTES = 100 * 2 ** 20;
const BYTES_PER_SECOND = 3_000_000;

/** The connection to the object store is slow. restic reports its progress every ten seconds, and Velero polls more often. */
describe('a slow upload', () => {
  let story: Story;
  let recording: Recording<DataMoverBackup>;
  let backup: string;
  /** The bytes that "velero backup describe" printed during the upload. */
  let described = { done: 0, total: 0 };

  const lookAtVelero = async (backup: string): Promise<boolean> => {
    const line = /Progress:\s+(\d+) of (\d+) complete \(Bytes\)/.exec(await describeBackup(story, backup));
    described = { done: Number(line?.[1] ?? 0), total: Number(line?.[2] ?? 0) };
    return described.done > 0;
  };

  beforeAll(async () => {
    story = await openStory('slow');
    // Packs that wait for their upload count as done: smaller packs make more of the progress visible.
    const slow = await makeSlowClass(story, BYTES_PER_SECOND, { keys: { RESTIC_PACK_SIZE: '4' } });
    const namespace = await story.makeNamespace('app');
    const app = { namespace, name: 'app' };
    await story.apply(
      claim({ namespace, name: 'data' }, { annotations: askForClass(slow.name) }),
      pod(app, story.cluster.images.busybox, { mounts: { '/data': 'data' } }),
    );
    await untilRunning(story, app);
    await story.exec(app, `head -c ${BYTES} /dev/urandom > /data/large`);
    recording = record(story.kube, dataMoverBackups, namespace);
    backup = story.unique('backup');
    await startBackup(story, backup, [namespace]);
    const look = (): Promise<boolean> => lookAtVelero(backup);
    await waitUntil('Velero to show bytes', look, { timeoutMs: 120_000, intervalMs: 1000 });
    await untilBackedUp(story, backup);
    recording.stop();
  });

  afterAll(() => story.end());

  it('shows in its status how far it is', () => {
    const seen = recording.versions.flatMap(({ status }) => status?.progress ?? []);
    const [first] = seen;
    expect(first).toMatchObject({ totalBytes: BYTES, totalFiles: 1 });
    expect(first!.bytesDone).toBeGreaterThan(0);
    expect(first!.bytesDone).toBeLessThan(BYTES);
  });

  it('is found again in the logs of Velero and of the controller by one id', async () => {
    const { uid, annotations: own } = recording.versions[0]!.metadata;
    const ids = { requestUID: uid, traceID: own?.[annotations.traceparent]?.split('-')[1] };
    const told = (await logOf(story, 'backup', backup)).filter(({ requestUID }) => requestUID === uid);
    expect(told.map(({ text }) => text)).toEqual([
      'the data mover backs up the data',
      'the source is captured',
    ]);
    for (const line of told) expect(line).toMatchObject(ids);
    const controllerLog = await readFile(join(story.cluster.logs, 'controller.log'), 'utf8');
    const lines = controllerLog.split('\n').filter((line) => line.includes(`"requestUID":"${uid!}"`));
    const phases = lines
      .map((line) => JSON.parse(line) as LogFields)
      .filter(({ phase }) => phase !== undefined);
    expect(phases.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['Moving', 'Completed']));
    for (const line of phases) expect(line).toMatchObject(ids);
  });

  it('shows the same in "velero backup describe"', () => {
    expect(described.total).toBe(BYTES);
    expect(described.done).toBeLessThan(BYTES);
  });
});
