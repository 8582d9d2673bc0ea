import { afterEach, describe, expect, it } from '@jest/globals';
import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { JANITOR_INTERVAL_MS } from '../../controller/datamover/janitor/janitor.ts';
import { startLoaded, type LoadedController } from './controller.ts';
import { backupIn, claimOf, patientMover } from './load.ts';
import { sumOf, type Tally } from './tally.ts';

/**
 * The cost of an event must not depend on how many requests wait or have ended. Work is counted and not timed, so that a busy
 * machine changes nothing.
 */

const COUNTS = [1_000, 10_000];
const RUNNING = 10;
const ENDS = 30;
/** Units of work, each of some microseconds: a portion of a list with the reads of its handlers, or a pass of every worker. */
const LONGEST_TURN = 4_000;

/** An orphaned snapshot in the repository. */
const STRAY = 'feedfeedfeedfeed';
const mover = { ...patientMover, savedSnapshots: () => Promise.resolve([STRAY]) };

let harness: LoadedController | undefined;

afterEach(() => harness?.stop());

const some = (count: number, phase: 'Queued' | 'Moving' | 'Completed', from = 0): DataMoverBackup[] =>
  Array.from({ length: count }, (_, index) => backupIn(phase, from + index));

/** Starts with equal numbers of queued and ended requests, each with its claim. */
function startWith(count: number): Promise<LoadedController> {
  return startLoaded(
    RUNNING,
    (kube) => {
      const backups = [
        ...some(count, 'Completed', RUNNING + count),
        ...some(RUNNING, 'Moving'),
        ...some(count, 'Queued', RUNNING),
      ];
      for (const backup of backups) kube.seed(dataMoverBackups, backup);
      for (const { spec } of backups) kube.seed(persistentVolumeClaims, claimOf(spec.dataSourceRef.name));
    },
    mover,
  );
}

const keyOfBackup = (index: number) => ({ namespace: 'app', name: backupIn('Moving', index).metadata.name });

/** Ends one request after another, as if its mover had finished. */
async function endSome({ kube, clock, settled }: LoadedController): Promise<Tally> {
  const tallies: Tally[] = [];
  for (let index = 0; index < ENDS; index++) {
    const key = keyOfBackup(index);
    expect(kube.peek(dataMoverBackups, key)?.status?.admittedAt).toBeDefined();
    kube.edit(dataMoverBackups, key, (backup) => {
      backup.metadata.finalizers = [];
      backup.status = { ...backup.status, phase: 'Completed', completionTimestamp: '2026-01-01T01:00:00Z' };
    });
    await clock.advance(1_000);
    tallies.push(await settled());
  }
  return sumOf(tallies);
}

describe.each(COUNTS)('with %d requests in the queue and as many that are over', (count) => {
  it('each event costs the same, and running transfers come first', async () => {
    harness = await startWith(count);
    const { kube, clock, settled } = harness;
    const note = (what: string, tally: Tally): Tally => {
      process.stdout.write(`${String(count)}: ${what}: ${JSON.stringify(tally)}\n`);
      expect(tally.longestTurn).toBeLessThanOrEqual(LONGEST_TURN);
      return tally;
    };

    const restart = note('restart', await settled());
    // The first position and the installation that serves it; nothing about requests that have ended.
    expect(restart.writes / count).toBeLessThanOrEqual(3);
    expect(restart.requests / count).toBeLessThanOrEqual(3);
    expect(restart.looked / count).toBeLessThanOrEqual(100);
    const running = some(RUNNING, 'Moving').map(({ metadata }) => metadata.name);
    expect(harness.passes.slice(0, RUNNING).sort()).toEqual(running);

    const ends = note('ends', await endSome(harness));
    expect(ends.writes / ENDS).toBeLessThanOrEqual(10);
    expect(ends.requests / ENDS).toBeLessThanOrEqual(10);
    expect(ends.looked / ENDS).toBeLessThanOrEqual(200);
    const admitted = kube
      .peekAll(dataMoverBackups)
      .filter(({ status }) => status?.phase !== 'Completed' && status?.admittedAt !== undefined);
    expect(admitted).toHaveLength(RUNNING);
    await clock.advance(10_000);
    await settled();

    kube.edit(dataMoverBackups, keyOfBackup(ENDS), ({ spec }) => void (spec.cancel = true));
    const cancel = note('a cancel that leaves a stray', await settled());
    expect(kube.peek(dataMoverBackups, keyOfBackup(ENDS))?.status?.orphanedSnapshots).toEqual([STRAY]);
    expect(cancel.looked).toBeLessThanOrEqual(300);

    await harness.scrape();
    expect(note('a scrape', await settled()).looked).toBeLessThanOrEqual(20);

    kube.edit(persistentVolumeClaims, keyOfBackup(0), ({ metadata }) => void (metadata.labels = { a: 'b' }));
    await clock.advance(10_000);
    expect(note('a change of a claim', await settled()).looked).toBeLessThanOrEqual(50);

    const others = { limits: { backups: RUNNING, deletes: 7 } };
    kube.edit(dataMoverClasses, { name: 'load' }, ({ spec }) => void Object.assign(spec, others));
    await clock.advance(10_000);
    // This concerns all requests that wait.
    expect(note('a change of the class', await settled()).looked / count).toBeLessThanOrEqual(60);

    await clock.advance(JANITOR_INTERVAL_MS);
    note('a sweep of the janitor', await settled());
  }, 900_000);
});
