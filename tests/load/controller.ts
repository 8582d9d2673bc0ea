import { dataMoverClasses } from '../../api/datamover/v1alpha1/kinds.ts';
import { createDataMover } from '../../controller/datamover/app.ts';
import type { Mover } from '../../movers/mover.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { silentLogger, type Logger } from '../../telemetry/log.ts';
import { createPrometheusMetrics } from '../../telemetry/prometheus.ts';
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.ts';
import { FakeKube } from '../fakes/fake-kube.ts';
import { classOf, patientMover, VELERO } from './load.ts';
import { countWork, sumOf, type Tally } from './tally.ts';

/** A controller that runs against an in-memory API server and whose work is counted. */
export interface LoadedController {
  kube: FakeKube;
  clock: FakeClock;
  /** The name of the object of every pass over a backup. */
  passes: string[];
  scrape(): Promise<string>;
  /** Runs everything that can be done at the current time; returns its tally. */
  settled(): Promise<Tally>;
  stop(): Promise<void>;
}

/** Starts a controller after its caches contain what `fill` puts into the API server. The class is called `load`. */
export async function startLoaded(
  atOnce: number,
  fill: (kube: FakeKube) => void,
  mover: Mover = patientMover,
): Promise<LoadedController> {
  const clock = createFakeClock();
  const kube = new FakeKube({ clock });
  kube.seed(dataMoverClasses, classOf('load', atOnce));
  fill(kube);
  const counter = countWork();
  const passes: string[] = [];
  const client = counter.client(kube.client('controller'));
  const informers = createInformerSet({ client, clock, random: () => 0.5 });
  const metrics = createPrometheusMetrics({ process: false });
  const { controllers, janitor } = createDataMover({
    client,
    informerSet: counter.informers(informers),
    namespace: VELERO,
    clusterName: 'c1',
    movers: [() => mover],
    reporter: { report: () => undefined },
    log: notingPasses(passes),
    metrics,
    clock,
  });
  const stop = new AbortController();
  const mirroring = informers.run(stop.signal);
  while (!informers.status().every(({ hasSynced }) => hasSynced)) await turns(1);
  const running = [...controllers, janitor].map((one) => one.run(stop.signal));
  return {
    kube,
    clock,
    passes,
    scrape: async () => (await metrics.scrape()).body,
    settled: () => settled(counter),
    async stop() {
      stop.abort();
      // A shutdown waits for a timer, and only a test advances the clock.
      await Promise.all([mirroring, ...running, clock.advance(20_000)]);
    },
  };
}

/** Records the name of the object of every pass over a backup. */
function notingPasses(passes: string[]): Logger {
  return {
    ...silentLogger,
    child(fields) {
      if (fields['controller'] === 'backup') passes.push(String(fields['name']));
      return silentLogger;
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function settled(counter: { take(): Tally }): Promise<Tally> {
  const tallies: Tally[] = [];
  for (let calm = 0; calm < 3;) {
    await turns(10);
    const tally = counter.take();
    tallies.push(tally);
    calm = tally.requests + tally.looked === 0 ? calm + 1 : 0;
  }
  return sumOf(tallies);
}
