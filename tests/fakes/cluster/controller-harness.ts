import type { EventTarget } from '../../../lifecycle/observe/event-target.ts';
import type { PersistentVolumeClaim } from '../../../api/kubernetes/core.ts';
import { formatKey, keyOf } from '../../../api/kubernetes/meta.ts';
import { dataMoverBackups, dataMoverRestores } from '../../../api/datamover/v1alpha1/kinds.ts';
import { createDataMover, type DataMover } from '../../../controller/datamover/app.ts';
import type { RequestKinds } from '../../../controller/datamover/request-kind.ts';
import type { MoverFactory, Reach } from '../../../movers/factory.ts';
import { builtInMovers } from '../../../movers/registry.ts';
import { createInformerSet } from '../../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { LeadershipLostError } from '../../../kube/runtime/leader-election.ts';
import { silentLogger, type Logger } from '../../../telemetry/log.ts';
import { createPrometheusMetrics } from '../../../telemetry/prometheus.ts';
import { settle } from '../fake-clock.ts';
import { whyTaken } from '../hidden.ts';
import { LEFT_BEHIND } from './left-behind.ts';
import { APP, CLUSTER_NAME, ClusterFixture } from './cluster-fixture.ts';

export { APP, BASE_URL, CLUSTER_NAME } from './cluster-fixture.ts';

export interface Report {
  targets: readonly EventTarget[];
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

interface Process {
  stop: AbortController;
  over: Promise<unknown>;
}

const WRITES: ReadonlySet<string> = new Set(['create', 'apply', 'applyStatus', 'mergePatch', 'delete']);

/** Above this number of rounds, two parties are undoing each other's changes. */
const MOST_LOOKS = 1_000;

/** Runs our controllers with their caches and queues in a {@link ClusterFixture}. Time advances only when a test advances it. */
export class ControllerHarness extends ClusterFixture {
  readonly reports: Report[] = [];
  /** Interval of the janitor; default: as in the program. */
  janitorIntervalMs: number | undefined;
  /** Kinds of requests; default: as in the program. */
  kinds: RequestKinds | undefined;
  /** Metrics of the process that was started last. */
  metrics = createPrometheusMetrics({ process: false });
  /** What an object store answers to a probe: the HTTP status, or an error. */
  store: Reach = () => Promise.resolve(403);
  /** Logger of the processes that are started from now on. */
  log: Logger = silentLogger;
  /** What the running process, or the last one, remembers of requests. */
  remembered: DataMover['remembered'] = () => ({});
  #processes: Process[] = [];
  readonly #taken = new Set<string>();

  /** Adds a claim that holds data, like a claim of the application. */
  async addSource(
    name: string,
    content: string,
    change?: (claim: PersistentVolumeClaim) => void,
  ): Promise<void> {
    this.addClaim(name, change);
    await this.quiesce();
    this.write({ namespace: APP, name }, content);
  }

  /** Starts a process of our controller; the previous one must be stopped. `wrap` may replace its client. */
  async start(wrap: (client: KubeClient) => KubeClient = (client) => client): Promise<void> {
    this.metrics = createPrometheusMetrics({ process: false });
    await this.#run(builtInMovers, this.#watched(wrap(this.cluster.client())));
  }

  /** Starts another controller beside ours: a vendor's, or that of an installation in another namespace. */
  async startBeside(
    name: string,
    movers: readonly MoverFactory[],
    namespace = this.cluster.namespace,
  ): Promise<void> {
    this.metrics = createPrometheusMetrics({ process: false });
    await this.#run(movers, this.#watched(this.cluster.client(name)), { name, namespace });
  }

  async #run(
    movers: readonly MoverFactory[],
    client: KubeClient,
    { name = 'datamover-controller', namespace = this.cluster.namespace } = {},
  ): Promise<void> {
    const { cluster, reports, metrics } = this;
    const { clock } = cluster;
    const stop = new AbortController();
    const informers = createInformerSet({ client, clock, random: () => 0.5, log: silentLogger });
    const { controllers, janitor, remembered } = createDataMover({
      client,
      informerSet: informers,
      namespace,
      name,
      clusterName: CLUSTER_NAME,
      movers,
      reporter: {
        report: (targets, type, reason, message) => void reports.push({ targets, type, reason, message }),
      },
      log: this.log,
      metrics,
      clock,
      reach: (...question) => this.store(...question),
      ...(this.kinds !== undefined && { kinds: this.kinds }),
      ...(this.janitorIntervalMs !== undefined && { janitorIntervalMs: this.janitorIntervalMs }),
    });
    this.remembered = remembered;
    const mirroring = informers.run(stop.signal);
    const synced = informers.waitForSync({ timeoutMs: 5_000, signal: stop.signal });
    await clock.advance(40);
    await synced;
    const running = [...controllers, janitor].map((one) => one.run(stop.signal));
    const over = Promise.all([mirroring, ...running]);
    this.#processes.push({ stop, over });
  }

  /** Stops all processes at once, as a lost lease does. Fails if a Velero backup would have included one of our objects. */
  async stop(): Promise<void> {
    const running = this.#processes.splice(0);
    for (const { stop } of running) stop.abort(new LeadershipLostError('the test stops the process'));
    if (running.length > 0) await this.cluster.clock.advance(0);
    await Promise.all(running.map(({ over }) => over));
    const taken = [...this.#taken];
    this.#taken.clear();
    if (taken.length > 0) throw new Error(taken.join('; '));
  }

  /** Records which of the objects that our controllers create a Velero backup would include. */
  #watched(client: KubeClient): KubeClient {
    return {
      ...client,
      create: (kind, object, options) => {
        const why = whyTaken(object);
        if (why !== undefined) this.#taken.add(why);
        return client.create(kind, object, options);
      },
    };
  }

  /** Runs until nothing more can be done at the current time. */
  async quiesce(): Promise<void> {
    for (let calm = 0, looks = 0, seen = this.#activity(); calm < 2;) {
      if (looks++ > MOST_LOOKS) throw new Error(`nobody comes to rest: ${this.describe()}`);
      await settle();
      const now = this.#activity();
      calm = now === seen ? calm + 1 : 0;
      seen = now;
    }
  }

  /** Advances the time in small steps until `condition` holds. After `limitMs` it fails with the status of the requests. */
  async until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    const giveUpAt = this.cluster.clock.now() + limitMs;
    for (;;) {
      await this.quiesce();
      if (condition()) return;
      if (this.cluster.clock.now() >= giveUpAt) throw new Error(`it did not come: ${this.describe()}`);
      await this.cluster.clock.advance(500);
    }
  }

  /** Advances the time; all parties work between the steps. */
  async advance(ms: number, stepMs = 1_000): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      await this.cluster.clock.advance(Math.min(left, stepMs));
      await this.quiesce();
    }
  }

  describe(): string {
    const requests = [...this.kube.peekAll(dataMoverBackups), ...this.kube.peekAll(dataMoverRestores)];
    return requests
      .map(
        ({ kind, metadata, status }) =>
          `${kind} ${metadata.name} is ${status?.phase ?? 'new'}: ${status?.message ?? ''}`,
      )
      .join('; ');
  }

  /** Returns one line for each object that a request can leave behind. */
  inventory(): string[] {
    const objects = LEFT_BEHIND.flatMap((kind) =>
      this.kube.peekAll(kind).map((object) => `${kind.kind} ${formatKey(keyOf(object))}`),
    );
    const { disks, snapshots } = this.cluster.state;
    const stored = [...disks.keys(), ...snapshots.keys()].map((handle) => `storage ${handle}`);
    return [...objects, ...stored].sort();
  }

  /**
   * Passes `count` writes of our controllers through and runs `fault` at the next one: before it, or with `late` after it took
   * effect. Returns a function that reports if that has happened.
   */
  faultAtWrite(
    count: number,
    fault: () => never,
    options: { late: boolean; lasting: boolean },
  ): () => boolean {
    let writes = 0;
    let happened = false;
    const hit = (): void => {
      happened = true;
      fault();
    };
    this.kube.before = ({ verb }) => {
      if (happened && options.lasting) fault();
      if (WRITES.has(verb) && !options.late && writes++ === count) hit();
    };
    this.kube.after = ({ verb }) => {
      if (WRITES.has(verb) && options.late && writes++ === count) hit();
    };
    return () => happened;
  }

  #activity(): string {
    return `${String(this.kube.calls.length)} ${String(this.cluster.changes)}`;
  }
}
