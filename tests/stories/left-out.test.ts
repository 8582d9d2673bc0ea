import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type Job,
} from '../../api/kubernetes/core.ts';
import { replicationDestinations, replicationSources } from '../../api/volsync/v1alpha1.ts';
import { dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import type { DataMoverBackupStatus } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { APP, ControllerHarness } from '../fakes/cluster/controller-harness.ts';

/**
 * Data that VolSync would leave out is found before it moves anything, and settings that it does not restore are restored after
 * it.
 */

let harness: ControllerHarness;

beforeEach(async () => {
  harness = new ControllerHarness();
  await harness.start();
});

afterEach(() => harness.stop());

const status = (): DataMoverBackupStatus => harness.backup()?.status ?? {};
const isOver = (): boolean => ['Completed', 'Failed', 'Canceled'].includes(status().phase ?? '');
const jobsOf = (suffix: string): Job[] =>
  harness.kube.peekAll(jobs).filter(({ metadata }) => metadata.name.endsWith(suffix));
const rootOf = (claim: string): string | undefined => {
  const { volumeName = '' } =
    harness.kube.peek(persistentVolumeClaims, { namespace: APP, name: claim })?.spec ?? {};
  const volume = harness.kube.peek(persistentVolumes, { name: volumeName });
  return harness.cluster.state.roots.get(volume?.spec.csi?.volumeHandle ?? '');
};

/** Sets the result of the survey of the volume. */
function finds(leftOut: object): void {
  const found = { message_type: 'left out', sockets: 0, sealed: false, empty: 0, held: 0, first: '' };
  harness.cluster.state.survey = (honest) => ({
    ...honest,
    lines: [
      ...honest.lines.filter((line) => !line.includes('left out')),
      JSON.stringify({ ...found, ...leftOut }),
    ],
  });
}

async function backUp(): Promise<void> {
  harness.addClass();
  await harness.addSource('data', 'precious');
  harness.addBackup('b1');
  await harness.until(isOver);
}

describe('what a backup by VolSync leaves out', () => {
  it('fails the backup before anything is saved if it is data', async () => {
    finds({ held: 2, first: 'home/lost+found' });
    const before = harness.inventory();
    await backUp();
    expect(status().failure).toEqual({
      reason: 'UnsupportedContent',
      message:
        'VolSync does not save what is named lost+found, and the volume contains data under 2 such names, the first being "home/lost+found"; move or remove the data, or choose a DataMoverClass of mover Restic, which saves it',
    });
    expect(harness.cluster.state.started).toEqual([]);
    expect(harness.cluster.state.repositories.size).toBe(0);
    expect(harness.kube.peekAll(dataMoverDeletes)).toEqual([]);
    expect(harness.inventory().filter((one) => one.includes('dmb-'))).toEqual(
      before.filter((one) => one.includes('dmb-')),
    );
  });

  it('is in the result if it is not data, with the root folder and the ID of the repository', async () => {
    const repositoryID = 'ab'.repeat(32);
    finds({ sockets: 3, empty: 1, sealed: true });
    const { survey } = harness.cluster.state;
    harness.cluster.state.survey = (honest) => {
      const run = survey?.(honest) ?? honest;
      return {
        ...run,
        lines: [...run.lines, JSON.stringify({ message_type: 'repository', id: repositoryID })],
      };
    };
    await backUp();
    expect(status()).toMatchObject({
      phase: 'Completed',
      result: {
        bytes: 8,
        notSaved:
          'sockets: 3, empty folders called lost+found: 1, the folder lost+found of the file system, which the mover may not read',
        rootFolder: { mode: '2770', uid: 999, gid: 999, time: '2026-01-01T00:00:00.000Z' },
        repositoryID,
      },
    });
  });

  it('is not in the result if it is nothing, and no Job remains', async () => {
    await backUp();
    expect(status()).toMatchObject({ phase: 'Completed', result: { bytes: 8 } });
    expect(status().result).not.toHaveProperty('notSaved');
    expect(harness.kube.peekAll(jobs)).toEqual([]);
  });

  it('is found by a pod with read-only access before VolSync starts', async () => {
    harness.cluster.state.survey = (honest) => ({ ...honest, end: 'running' });
    harness.addClass();
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => jobsOf('-survey').length === 1);
    expect(harness.kube.peekAll(replicationSources)).toEqual([]);
    expect(jobsOf('-survey')[0]).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                volumeMounts: expect.arrayContaining([
                  { name: 'data', mountPath: '/data', readOnly: true },
                ]) as unknown,
              },
            ],
          },
        },
      },
    });
  });

  it('is found by a pod that must have ended before VolSync starts', async () => {
    harness.cluster.state.survey = (honest) => ({ ...honest, end: 'running' });
    harness.addClass();
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => jobsOf('-survey').length === 1);
    const name = jobsOf('-survey')[0]!.metadata.name;
    // The kubelet reports the container first; the Job controller counts the pod later.
    const log = harness.cluster.state.logs.get(`velero/${name}-pod`)!;
    log.ended = true;
    for (const changed of log.listeners) changed();
    harness.kube.edit(pods, { namespace: 'velero', name: `${name}-pod` }, (pod) => {
      pod.status!.containerStatuses = [{ name: 'restic', state: { terminated: { exitCode: 0 } } }];
    });
    await harness.advance(5_000);
    expect(harness.kube.peekAll(replicationSources)).toEqual([]);
    expect(status().message).toContain('waiting for the end of the pod');
    harness.kube.edit(jobs, { namespace: 'velero', name }, (one) => void (one.status = { succeeded: 1 }));
    await harness.until(isOver);
    expect(status().phase).toBe('Completed');
  });

  it('fails the backup if the log of the survey is lost', async () => {
    harness.cluster.state.survey = () => ({ end: 'succeeded', lines: [] });
    await backUp();
    expect(status().failure).toMatchObject({ reason: 'MoverFailed' });
    expect(status().failure?.message).toContain(
      'the log of the Job that looked for what VolSync leaves out is lost',
    );
    expect(harness.cluster.state.started).toEqual([]);
  });

  it('is in the result even if the Job that found it is deleted during the transfer', async () => {
    finds({ sockets: 3 });
    harness.cluster.state.script = () => ({ end: 'running', lines: [] });
    harness.addClass();
    await harness.addSource('data', 'precious');
    harness.addBackup('b1');
    await harness.until(() => harness.cluster.state.started.length === 1);
    for (const { metadata } of jobsOf('-survey'))
      harness.kube.remove(jobs, { namespace: 'velero', name: metadata.name });
    const name = harness.kube.peekAll(replicationSources)[0]?.metadata.name ?? '';
    harness.cluster.endRun(name, {
      end: 'succeeded',
      lines: ['processed 3 files, 8 B in 0:00', 'snapshot abcdef09 saved', '=== Done ==='],
    });
    await harness.until(isOver);
    expect(status()).toMatchObject({ phase: 'Completed', result: { notSaved: 'sockets: 3' } });
  });
});

describe('what VolSync does not set in a volume that it restores', () => {
  const rootFolder = { mode: '2770', uid: 999, gid: 999, time: '2026-01-01T00:00:00Z' };
  const isRestored = (): boolean => ['Completed', 'Failed'].includes(harness.restore()?.status?.phase ?? '');

  function start(recorded: object): void {
    harness.addClass();
    const [source] = harness.addRepository('precious');
    harness.addDestination();
    const named = { ...source, result: { ...source?.result, ...recorded } };
    harness.addRestore('r1', (one) => Object.assign(one.spec, { source: named }));
  }

  it.each(['VolSync', 'Restic'])('is set as in the record of a backup by %s', async (mover) => {
    start({ mover, rootFolder });
    await harness.until(isRestored);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Completed', restored: { bytes: 8 } });
    expect(harness.restore()?.status?.restored).not.toHaveProperty('notPreserved');
    expect(rootOf('restored')).toBe('2770:999:999:1767225600');
    expect(harness.kube.peekAll(jobs)).toEqual([]);
  });

  it('is not changed if the record does not contain it', async () => {
    start({});
    await harness.until(isRestored);
    expect(harness.restore()?.status).toMatchObject({ phase: 'Completed' });
    expect(harness.cluster.state.roots.size).toBe(0);
  });

  it('is in the result with what could not be set', async () => {
    harness.cluster.state.metadataRestore = () => ({
      end: 'succeeded',
      lines: [
        JSON.stringify({ message_type: 'summary' }),
        JSON.stringify({ message_type: 'root restored', refused: 'owner mode' }),
      ],
    });
    start({ rootFolder });
    await harness.until(isRestored);
    expect(harness.restore()?.status?.restored?.notPreserved).toBe('of the root folder: owner mode');
  });

  it('is in the result if our Job may not set it either, even for thousands of files', async () => {
    const errors = (kind: string, count: number): string =>
      JSON.stringify({ message_type: 'errors', kind, count, first: '' });
    harness.cluster.state.metadataRestore = () => ({
      end: 'failed',
      lines: [
        JSON.stringify({ message_type: 'summary', files_skipped: 3, bytes_skipped: 8 }),
        errors('extended attributes', 20_000),
        errors('modes', 1),
        `# ${JSON.stringify({ message_type: 'exit_error', code: 1, message: 'Fatal: There were 20001 errors' })}`,
      ],
    });
    start({ rootFolder });
    await harness.until(isRestored);
    expect(harness.restore()?.status).toMatchObject({
      phase: 'Completed',
      restored: {
        bytes: 8,
        notPreserved: expect.stringMatching(/^extended attributes of 20000 .*modes of 1 /) as unknown,
      },
    });
  });

  it('is in the result if no log proves that it was set', async () => {
    harness.cluster.state.metadataRestore = () => ({ end: 'succeeded', lines: [] });
    start({ rootFolder });
    await harness.until(isRestored);
    expect(harness.restore()?.status?.restored?.notPreserved).toContain('nothing proves that owners, modes');
  });

  it('is restored before the claim has the volume, and also when VolSync has forgotten its log', async () => {
    harness.cluster.state.metadataRestore = (honest) => ({ ...honest, end: 'running' });
    start({ rootFolder });
    await harness.until(() => jobsOf('-metadata').length === 1);
    expect(harness.restore()?.status?.restored).toBeUndefined();
    const [destination] = harness.kube.peekAll(replicationDestinations);
    harness.kube.edit(
      replicationDestinations,
      { namespace: 'velero', name: destination!.metadata.name },
      (one) => {
        one.status!.latestMoverStatus = { result: 'Successful', logs: '' };
      },
    );
    await harness.stop();
    await harness.start();
    const [job] = jobsOf('-metadata');
    harness.kube.remove(pods, { namespace: 'velero', name: `${job!.metadata.name}-pod` });
    harness.kube.edit(jobs, { namespace: 'velero', name: job!.metadata.name }, (one) => {
      one.status = { succeeded: 1 };
    });
    await harness.until(isRestored);
    expect(harness.restore()?.status).toMatchObject({
      phase: 'Completed',
      // Only the log of the Job would prove how it ended, and its pod was deleted.
      restored: { bytes: 8, notPreserved: expect.stringContaining('nothing proves that') as unknown },
    });
  });

  it('has its own time to start, however long VolSync has taken', async () => {
    harness.cluster.state.metadataRestore = (honest) => ({ ...honest, end: 'unscheduled' });
    start({ rootFolder });
    await harness.until(() => jobsOf('-metadata').length === 1);
    await harness.advance(10_000);
    expect(isRestored()).toBe(false);
    await harness.until(isRestored, 4_000_000);
    expect(harness.restore()?.status?.failure?.message).toContain(
      'restic is restoring what VolSync does not set',
    );
  });
});
