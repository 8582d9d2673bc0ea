import {
  persistentVolumeClaims,
  secrets,
  storageClasses,
  type PersistentVolumeClaim,
} from '../../../api/external/core.ts';
import { volumeSnapshotClasses } from '../../../api/external/snapshot.ts';
import { formatKey, keyOf, type Key } from '../../../api/meta.ts';
import type { DataMoverBackup } from '../../../api/v1alpha1/data-mover-backup.ts';
import type { DataMoverClass } from '../../../api/v1alpha1/data-mover-class.ts';
import type { DataMoverRestore } from '../../../api/v1alpha1/data-mover-restore.ts';
import { labels } from '../../../api/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses, dataMoverRestores } from '../../../api/v1alpha1/kinds.ts';
import { createDataMover } from '../../../controller/data-mover.ts';
import type { MoverFactory, Reach } from '../../../controller/movers/factory.ts';
import { builtInMovers } from '../../../controller/movers/registry.ts';
import type { EventTarget } from '../../../controller/request/reporter.ts';
import { createInformerSet } from '../../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { LeadershipLostError, leases } from '../../../kube/runtime/leader-election.ts';
import { silentLogger, type Logger } from '../../../telemetry/log.ts';
import { createPrometheusMetrics } from '../../../telemetry/prometheus.ts';
import { settle } from '../fake-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { LEFT_BEHIND } from './left-behind.ts';

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

const SECRET_VALUES = {
  RESTIC_PASSWORD: 'p4ssw0rd',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 's3cr3t',
};

/** The namespace of the application. */
export const APP = 'app';
export const BASE_URL = 's3:http://s3.example.com/bucket/restic';
export const CLUSTER_NAME = 'c1';

/**
 * Our controllers, complete with caches and queues, at work on a {@link FakeCluster} that has a class, a secret, a
 * storage class and a snapshot class. Time moves only when a test says so.
 */
export class World {
  readonly cluster = new FakeCluster();
  readonly reports: Report[] = [];
  /** How often the janitor looks; default: as in the program. */
  janitorIntervalMs: number | undefined;
  /** Of the process that runs, or ran last. */
  metrics = createPrometheusMetrics({ process: false });
  /** What the stores say to those who ask: the HTTP status, or an error. */
  store: Reach = () => Promise.resolve(403);
  /** Of the processes to come. */
  log: Logger = silentLogger;
  #processes: Process[] = [];

  constructor() {
    this.addClass();
    this.addSecret();
    this.addStorageClass('fast');
    this.addEngine();
    const { kube, state } = this.cluster;
    kube.seed(volumeSnapshotClasses, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: 'snapshots' },
      driver: state.driver,
      deletionPolicy: 'Retain',
    });
  }

  get kube() {
    return this.cluster.kube;
  }

  addClass(change: (object: DataMoverClass) => void = () => undefined): DataMoverClass {
    const object = {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverClass',
      metadata: { name: 'volsync', annotations: { 'oadp.openshift.io/default': 'true' } },
      spec: { mover: 'VolSync' },
    } as unknown as DataMoverClass;
    change(object);
    return this.kube.seed(dataMoverClasses, object);
  }

  /** VolSync's manager holds its lease, as if it renewed it again and again. */
  addEngine(): void {
    this.kube.seed(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'volsync-system', name: 'b95b3104.backube' },
      spec: {
        holderIdentity: 'manager',
        leaseDurationSeconds: 137,
        renewTime: '2999-01-01T00:00:00.000000Z',
      },
    });
  }

  /** Has the class wait no longer than this for the named steps. */
  setDeadlines(deadlines: Partial<DataMoverClass['spec']['deadlines']>): void {
    this.addClass((object) => {
      Object.assign(object.spec, { deadlines });
    });
  }

  addSecret(values: Record<string, string> = {}): void {
    const all = { RESTIC_REPOSITORY: BASE_URL, ...SECRET_VALUES, ...values };
    const data = Object.entries(all).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    this.kube.seed(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: this.cluster.namespace, name: 'restic-config' },
      data: Object.fromEntries(data) as Record<string, string>,
    });
  }

  addStorageClass(
    name: string,
    more: { reclaimPolicy?: string; volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer' } = {},
  ): void {
    const { driver } = this.cluster.state;
    this.kube.seed(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: driver,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      ...more,
    });
  }

  /** A claim; the cluster provides its volume. */
  addClaim(name: string, change: (claim: PersistentVolumeClaim) => void = () => undefined): void {
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace: APP, name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '2Gi' } },
      },
    };
    change(claim);
    this.kube.seed(persistentVolumeClaims, claim);
  }

  /** A claim that holds data, as the application's do. */
  async addSource(
    name: string,
    content: string,
    change?: (claim: PersistentVolumeClaim) => void,
  ): Promise<void> {
    this.addClaim(name, change);
    await this.quiesce();
    this.write({ namespace: APP, name }, content);
  }

  write(key: Key, content: string): void {
    this.cluster.state.disks.set(this.handleOf(key), content);
  }

  /** What is on the volume behind a claim; `undefined` without a volume. */
  read(key: Key): string | undefined {
    return this.cluster.state.disks.get(this.handleOf(key));
  }

  handleOf(key: Key): string {
    const claim = this.kube.peek(persistentVolumeClaims, key);
    return `disk-of-${claim?.spec.volumeName?.replace(/^pvc-/, '') ?? ''}`;
  }

  addBackup(name: string, change: (object: DataMoverBackup) => void = () => undefined): DataMoverBackup {
    const object: DataMoverBackup = {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverBackup',
      metadata: { namespace: APP, name },
      spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    };
    change(object);
    return this.kube.seed(dataMoverBackups, object);
  }

  addRestore(name: string, change: (object: DataMoverRestore) => void = () => undefined): DataMoverRestore {
    const object: DataMoverRestore = {
      apiVersion: 'oadp.openshift.io/v1alpha1',
      kind: 'DataMoverRestore',
      metadata: { namespace: APP, name },
      spec: { destinationClaimRef: { name: 'restored' } },
    };
    change(object);
    return this.kube.seed(dataMoverRestores, object);
  }

  backup(name = 'b1'): DataMoverBackup | undefined {
    return this.kube.peek(dataMoverBackups, { namespace: APP, name });
  }

  restore(name = 'r1'): DataMoverRestore | undefined {
    return this.kube.peek(dataMoverRestores, { namespace: APP, name });
  }

  /** A repository that an earlier backup has filled, and its record for a restore. */
  addRepository(...contents: string[]): NonNullable<DataMoverRestore['spec']['source']>[] {
    const start = Date.parse('2025-12-01T00:00:00Z');
    const snapshots = contents.map((content, index) => ({
      id: `abcdef0${String(index + 1)}`,
      at: start + index * 3_600_000,
      content,
    }));
    const path = `${CLUSTER_NAME}/${APP}/data`;
    this.cluster.state.repositories.set(`${BASE_URL}/${path}`, {
      password: SECRET_VALUES.RESTIC_PASSWORD,
      snapshots,
    });
    return snapshots.map(({ id, at, content }) => ({
      backupName: 'b1',
      backupNamespace: APP,
      dataMoverClass: 'volsync',
      result: {
        mover: 'VolSync',
        repository: path,
        snapshotID: id,
        snapshotTime: new Date(at + 1000).toISOString(),
        bytes: content.length,
      },
      volume: {
        pvcName: 'data',
        namespace: APP,
        storageClassName: 'fast',
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        capacity: '2Gi',
        reclaimPolicy: 'Delete',
      },
    }));
  }

  /** A claim that waits for a restore: its selector keeps the provisioner away. */
  addDestination(name = 'restored', change: (claim: PersistentVolumeClaim) => void = () => undefined): void {
    this.addClaim(name, (claim) => {
      claim.spec.selector = { matchLabels: { [labels.restoredBy]: 'r1' } };
      change(claim);
    });
  }

  /** Starts a process of our controller; the former one must be stopped. `wrap` may give it a client of its own. */
  async start(wrap: (client: KubeClient) => KubeClient = (client) => client): Promise<void> {
    this.metrics = createPrometheusMetrics({ process: false });
    await this.#run(builtInMovers, wrap(this.cluster.client()));
  }

  /** Starts another controller, such as a vendor's, beside ours. */
  async startBeside(name: string, movers: readonly MoverFactory[]): Promise<void> {
    await this.#run(movers, this.cluster.client(name));
  }

  async #run(movers: readonly MoverFactory[], client: KubeClient): Promise<void> {
    const { cluster, reports } = this;
    const { clock, namespace } = cluster;
    const stop = new AbortController();
    const informers = createInformerSet({ client, clock, random: () => 0.5, log: silentLogger });
    const { controllers, janitor } = createDataMover({
      client,
      informers,
      namespace,
      clusterName: CLUSTER_NAME,
      movers,
      reporter: {
        report: (targets, type, reason, message) => void reports.push({ targets, type, reason, message }),
      },
      log: this.log,
      metrics: this.metrics,
      clock,
      reach: (...question) => this.store(...question),
      ...(this.janitorIntervalMs !== undefined && { janitorIntervalMs: this.janitorIntervalMs }),
    });
    const mirroring = informers.run(stop.signal);
    const synced = informers.waitForSync({ timeoutMs: 5_000, signal: stop.signal });
    await clock.advance(40);
    await synced;
    const running = [...controllers, janitor].map((one) => one.run(stop.signal));
    const over = Promise.all([mirroring, ...running]);
    this.#processes.push({ stop, over });
  }

  /** Ends what was started as a lost lease does: at once. */
  async stop(): Promise<void> {
    const running = this.#processes.splice(0);
    for (const { stop } of running) stop.abort(new LeadershipLostError('the test stops the process'));
    if (running.length > 0) await this.cluster.clock.advance(0);
    await Promise.all(running.map(({ over }) => over));
  }

  /** Lets everybody finish what can be done without time passing. */
  async quiesce(): Promise<void> {
    for (let calm = 0, seen = this.#activity(); calm < 2;) {
      await settle();
      const now = this.#activity();
      calm = now === seen ? calm + 1 : 0;
      seen = now;
    }
  }

  /** Moves time on in small steps until `condition` holds. Fails, with what the requests say, after `limitMs`. */
  async until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    const giveUpAt = this.cluster.clock.now() + limitMs;
    for (;;) {
      await this.quiesce();
      if (condition()) return;
      if (this.cluster.clock.now() >= giveUpAt) throw new Error(`it did not come: ${this.describe()}`);
      await this.cluster.clock.advance(500);
    }
  }

  /** Moves time on, letting everybody work in between. */
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

  /** Everything in the cluster that a request can leave behind, in one line each. */
  inventory(): string[] {
    const objects = LEFT_BEHIND.flatMap((kind) =>
      this.kube.peekAll(kind).map((object) => `${kind.kind} ${formatKey(keyOf(object))}`),
    );
    const { disks, snapshots } = this.cluster.state;
    const stored = [...disks.keys(), ...snapshots.keys()].map((handle) => `storage ${handle}`);
    return [...objects, ...stored].sort();
  }

  /**
   * Lets `count` writes of our controllers through and then does something to the next one: `fault` runs right before
   * it or, with `late`, right after it took effect. Answers whether that has happened.
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
