import { APP, deleteApp, inPod, startApp, waitForApp } from './app.ts';
import { bytesText } from './bytes.ts';
import { compare } from '../../testing/manifest/compare.ts';
import { DEFAULT_SIZE_MIB } from './config.ts';
import { SPARSE_FILE, writeDataScript } from './data.ts';
import { loseCluster, loseNamespace } from './disaster.ts';
import { follow } from './follow.ts';
import { readManifest } from './read-manifest.ts';
import { classOf, setUpDataMover } from './setup.ts';
import { silentProgress } from '../cluster/progress.ts';
import type { Comparison } from '../../testing/manifest/compare.ts';
import type { DemoMover, Disaster } from './config.ts';
import type { Manifest } from '../../testing/manifest/manifest.ts';
import type { Side } from './follow.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { Cluster } from '../cluster/index.ts';
import type { Progress } from '../cluster/progress.ts';

export interface DemoOptions {
  readonly cluster: Cluster;
  /** The cluster to start after the loss. Default: the same cluster, created again. */
  readonly successor?: Cluster;
  /** Default `cluster`. */
  readonly disaster?: Disaster;
  /** The mover. Default `Restic`. */
  readonly mover?: DemoMover;
  /** Random data in the large files, in MiB. Default 200. */
  readonly sizeMiB?: number;
  /** Default: no output. */
  readonly progress?: Progress;
  /** Receives lines that a live progress display would show in place. Default: none. */
  readonly print?: (text: string) => void;
}

/** The measurements of a demo. */
export interface DemoFacts {
  readonly disaster: Disaster;
  readonly mover: DemoMover;
  readonly backup: string;
  readonly restore: string;
  /** Seconds per part of the demo. */
  readonly seconds: Readonly<Record<Chapter, number>>;
  readonly data: {
    readonly bytes: number;
    readonly files: number;
    readonly entries: number;
    /** Bytes that restic added to the repository, after deduplication. */
    readonly uploadedBytes: number;
    readonly snapshotID: string;
  };
  /** Disk usage of the sparse file, in bytes. */
  readonly sparse: { readonly before: number; readonly after: number };
  readonly comparison: Comparison;
}

export type Chapter = 'cluster' | 'application' | 'backup' | 'disaster' | 'restore' | 'comparison';

/**
 * Backs up an application's volume, loses it, restores it, and compares every file. The cluster keeps running afterwards.
 * @throws Error if a step fails; differences between files are no error but part of the facts
 */
export async function runDemo(options: DemoOptions): Promise<DemoFacts> {
  const { cluster, disaster = 'cluster', mover = 'Restic', sizeMiB = DEFAULT_SIZE_MIB } = options;
  const { progress = silentProgress, successor = cluster } = options;
  const clock = stopwatch();
  const name = `demo-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;

  await cluster.up(progress);
  await progress.step('secret, class and switch of the data mover', () => setUpDataMover(cluster, mover));
  clock.lap('cluster');

  const before = await makeApplication(cluster, sizeMiB, progress);
  clock.lap('application');

  const backup = await createBackup(options, name);
  clock.lap('backup');

  if (disaster === 'cluster') await loseCluster(cluster, successor, progress, { backup: name, mover });
  else await loseNamespace(cluster, progress);
  clock.lap('disaster');

  const survivor = disaster === 'cluster' ? successor : cluster;
  await restoreBackup({ ...options, cluster: survivor }, name);
  clock.lap('restore');

  const after = await progress.step('every file once more, in the restored pod', () =>
    readManifest(survivor),
  );
  clock.lap('comparison');
  const comparison = compare(before, after);
  return {
    disaster,
    mover,
    backup: name,
    restore: name,
    seconds: clock.seconds(),
    data: dataFacts(comparison, backup),
    sparse: { before: sparseBytes(before), after: sparseBytes(after) },
    comparison,
  };
}

async function makeApplication(cluster: Cluster, sizeMiB: number, progress: Progress): Promise<Manifest> {
  await progress.step('remove what an earlier demo left', () => deleteApp(cluster));
  await progress.step(`an application: ${APP.namespace}/${APP.deployment}`, () => startApp(cluster, sizeMiB));
  await progress.step('it writes its data', () => inPod(cluster, writeDataScript(sizeMiB)));
  return progress.step('every file, noted in the pod', async (note) => {
    const manifest = await readManifest(cluster);
    const { files, bytes } = compare(manifest, manifest);
    note(`${manifest.size} entries, ${files} files, ${bytesText(bytes)}`);
    return manifest;
  });
}

async function createBackup(options: DemoOptions, name: string): Promise<DataMoverBackup> {
  const { cluster, mover = 'Restic', progress = silentProgress } = options;
  const { name: className, label } = classOf(mover);
  await progress.step(`label its volume for class ${className}: ${label}`, () =>
    cluster.kubectl(['-n', APP.namespace, 'label', 'pvc', APP.claim, label, '--overwrite']),
  );
  return runVelero(options, 'backup', name, ['--include-namespaces', APP.namespace]);
}

async function restoreBackup(options: DemoOptions, name: string): Promise<void> {
  const { cluster, progress = silentProgress } = options;
  await runVelero(options, 'restore', name, ['--from-backup', name]);
  await progress.step('the application runs again', () => waitForApp(cluster));
}

/** Starts a backup or restore with Velero's CLI and shows its progress until it ends. */
function runVelero<S extends Side>(
  { cluster, progress = silentProgress, print }: DemoOptions,
  side: S,
  name: string,
  args: readonly string[],
): ReturnType<typeof follow<S>> {
  progress.line(`velero ${[side, 'create', name, ...args].join(' ')}`);
  return progress.step(`velero ${side} create`, async (note) => {
    await cluster.velero([side, 'create', name, ...args]);
    let last = '';
    const request = await follow(cluster, side, name, (text) => {
      note(text);
      if (text !== last) print?.(`  ${text}`);
      last = text;
    });
    note(request.status?.progress ? bytesText(request.status.progress.bytesDone) : '');
    return request;
  });
}

function dataFacts({ bytes, files, compared }: Comparison, { status }: DataMoverBackup): DemoFacts['data'] {
  const { uploadedBytes = 0, snapshotID = '' } = status?.result ?? {};
  return { bytes, files, entries: compared, uploadedBytes, snapshotID };
}

function sparseBytes(manifest: Manifest): number {
  return manifest.get(SPARSE_FILE)?.allocated ?? 0;
}

/** Measures the duration of each chapter. */
function stopwatch(): { lap: (chapter: Chapter) => void; seconds: () => Record<Chapter, number> } {
  const laps: Record<Chapter, number> = {
    cluster: 0,
    application: 0,
    backup: 0,
    disaster: 0,
    restore: 0,
    comparison: 0,
  };
  let begun = performance.now();
  return {
    lap: (chapter) => {
      const now = performance.now();
      laps[chapter] = (now - begun) / 1000;
      begun = now;
    },
    seconds: () => laps,
  };
}
