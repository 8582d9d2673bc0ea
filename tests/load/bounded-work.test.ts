import { afterEach, describe, expect, it } from '@jest/globals';
import type { DataMoverBackup } from '../../api/v1alpha1/data-mover-backup.ts';
import { dataMoverBackups, dataMoverClasses } from '../../api/v1alpha1/kinds.ts';
import { createDataMover } from '../../controller/data-mover.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { silentLogger, type Logger } from '../../telemetry/log.ts';
import { createPrometheusMetrics } from '../../telemetry/prometheus.ts';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.ts';
import { FakeKube } from '../fakes/fake-kube.ts';
import { backupIn, classOf, patientMover, VELERO } from './load.ts';
import { countWork, type Tally } from './tally.ts';

/**
 * What an event costs must not depend on how many requests wait or are over. Work is counted and not timed, so that a busy
 * machine changes nothing.
 */

/** `LOAD=10000` tries that many, which takes minutes. */
const MANY = Number(process.env['LOAD'] ?? 1_000);
const RUNNING = 10;
const ENDS = 30;
/** Units of work, each of some microseconds: a portion of a list with what its handlers look at, or a pass of every worker. */
const LONGEST_TURN = 4_000;

let stop = new AbortController();
let over: Promise<unknown> = Promise.resolve();

afterEach(async () => {
  stop.abort();
  await over;
});

/** A controller at work for these backups, in an API server in memory. */
async function startWith(backups: readonly DataMoverBackup[]) {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  kube.seed(dataMoverClasses, classOf('load', RUNNING));
  for (const backup of backups) kube.seed(dataMoverBackups, backup);
  const counter = countWork();
  const passes: string[] = [];
  const client = counter.client(kube.client('controller'));
  const informers = createInformerSet({ client, clock, random: () => 0.5 });
  const { controllers, janitor } = createDataMover({
    client,
    informers: counter.informers(informers),
    namespace: VELERO,
    clusterName: 'c1',
    movers: [() => patientMover],
    reporter: { report: () => undefined },
    log: notingPasses(passes),
    metrics: createPrometheusMetrics({ process: false }),
    clock,
  });
  stop = new AbortController();
  const mirroring = informers.run(stop.signal);
  while (!informers.status().every(({ hasSynced }) => hasSynced)) await turns(1);
  const running = [...controllers, janitor].map((one) => one.run(stop.signal));
  over = Promise.all([mirroring, ...running, untilStopped(clock)]).finally(() => counter.stop());
  return { clock, kube, passes, settled: () => settled(counter) };
}

/** Notes the name of the object of every pass over a request. */
function notingPasses(passes: string[]): Logger {
  return {
    ...silentLogger,
    child(fields) {
      if (fields['controller'] === 'backup') passes.push(String(fields['name']));
      return silentLogger;
    },
  };
}

/** A shutdown waits for its time, which only a test moves on. */
async function untilStopped(clock: FakeClock): Promise<void> {
  await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  await clock.advance(20_000);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything be done that can be done now; answers all that was. */
async function settled(counter: { take(): Tally }): Promise<Tally> {
  const sum: Tally = { writes: 0, requests: 0, looked: 0, longestTurn: 0 };
  for (let calm = 0; calm < 3;) {
    await turns(10);
    const { writes, requests, looked, longestTurn } = counter.take();
    sum.writes += writes;
    sum.requests += requests;
    sum.looked += looked;
    sum.longestTurn = Math.max(sum.longestTurn, longestTurn);
    calm = requests + looked === 0 ? calm + 1 : 0;
  }
  return sum;
}

const some = (count: number, phase: 'Queued' | 'Moving' | 'Completed', from = 0): DataMoverBackup[] =>
  Array.from({ length: count }, (_, index) => backupIn(phase, from + index));

/** Ends one after another, as if its mover had. */
async function endSome(world: Awaited<ReturnType<typeof startWith>>): Promise<Tally> {
  const { kube, clock } = world;
  let sum = { writes: 0, requests: 0, looked: 0, longestTurn: 0 };
  for (let index = 0; index < ENDS; index++) {
    const { name } = backupIn('Moving', index).metadata;
    expect(kube.peek(dataMoverBackups, { namespace: 'app', name })?.status?.admittedAt).toBeDefined();
    kube.edit(dataMoverBackups, { namespace: 'app', name }, (backup) => {
      backup.metadata.finalizers = [];
      backup.status = { ...backup.status, phase: 'Completed', completionTimestamp: '2026-01-01T01:00:00Z' };
    });
    await clock.advance(1_000);
    const { writes, requests, looked, longestTurn } = await world.settled();
    sum = {
      writes: sum.writes + writes,
      requests: sum.requests + requests,
      looked: sum.looked + looked,
      longestTurn: Math.max(sum.longestTurn, longestTurn),
    };
  }
  return sum;
}

describe.each([MANY])('with %d requests in the queue and as many that are over', (count) => {
  it('restart and ends cost the same per request, and running transfers come first', async () => {
    const world = await startWith([
      ...some(count, 'Completed', RUNNING + count),
      ...some(RUNNING, 'Moving'),
      ...some(count, 'Queued', RUNNING),
    ]);
    const restart = await world.settled();
    process.stderr.write(
      `COST ${String(count)} ${JSON.stringify(restart)} ${String(process.cpuUsage().user / 1e6)}\n`,
    );
    // The first position, and which installation serves it; nothing about what is over.
    expect(restart.writes / count).toBeLessThanOrEqual(3);
    expect(restart.looked / count).toBeLessThanOrEqual(60);
    expect(restart.longestTurn).toBeLessThanOrEqual(LONGEST_TURN);
    const running = some(RUNNING, 'Moving').map(({ metadata }) => metadata.name);
    expect(world.passes.slice(0, RUNNING).sort()).toEqual(running);

    const ends = await endSome(world);
    expect(ends.writes / ENDS).toBeLessThanOrEqual(10);
    expect(ends.looked / ENDS).toBeLessThanOrEqual(200);
    expect(ends.longestTurn).toBeLessThanOrEqual(LONGEST_TURN);
    const admitted = world.kube
      .peekAll(dataMoverBackups)
      .filter(({ status }) => status?.phase !== 'Completed' && status?.admittedAt !== undefined);
    expect(admitted).toHaveLength(RUNNING);
  }, 900_000);
});
