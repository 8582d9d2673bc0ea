import {
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  type PersistentVolumeClaim,
} from '../../api/external/core.ts';
import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/meta.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/v1alpha1/kinds.ts';
import { createDataMover } from '../../controller/data-mover.ts';
import { builtInMovers } from '../../controller/movers/registry.ts';
import { createInformerSet } from '../../kube/cache/informer-set.ts';
import { LeadershipLostError } from '../../kube/runtime/leader-election.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { readLog } from '../fakes/cluster/pods.ts';
import { CrashError } from '../fakes/fake-kube.ts';
import { startActors, type Actors } from './actors.ts';
import { createCandidate } from './candidate.ts';
import { intercept, type Around } from './intercept.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import type { Lab } from './lab.ts';
import type { Feed } from './relay.ts';

/** A controller with caches and queues of its own, as one process would have. */
export interface Process {
  /** Resolves when its caches are filled. */
  readonly warm: Promise<void>;
  /** Resolves when it makes its first call. */
  readonly firstCall: Promise<void>;
  /** Lets it work; before that it only mirrors, as on standby. */
  lead(): void;
  /** From now on nothing that it does has an effect, except what it has sent already. */
  kill(): void;
  /** Resolves when it leads. */
  readonly leads: Promise<void>;
  /** Keeps it from renewing its lease. */
  pause(): void;
  resume(): void;
  /** Resolves when it has ended because it lost its lease. */
  readonly lost: Promise<void>;
}

export const CLUSTER_NAME = 'c1';
const BASE_URL = 's3:http://s3.example.com/bucket/restic';
const PASSWORD = 'p4ssw0rd';
const SECRET = {
  RESTIC_REPOSITORY: BASE_URL,
  RESTIC_PASSWORD: PASSWORD,
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 's3cr3t',
};

/** No story takes that long, however busy the machine is. */
const LIMIT_MS = 90_000;

let worlds = 0;

/** The cluster of one story: two namespaces that nobody else uses, and those who work in them. */
export class World {
  readonly feed: Feed;
  readonly app: string;
  readonly protected: string;
  readonly actors: Actors;
  readonly #lab: Lab;
  readonly #running = new Set<{ kill(): void; over: Promise<unknown> }>();
  #problem: unknown;
  #stir: () => void = () => undefined;

  constructor(lab: Lab) {
    const number = ++worlds;
    this.app = `app-${number}`;
    this.protected = `velero-${number}`;
    this.#lab = lab;
    this.feed = lab.relay.open(this.app, this.protected);
    this.actors = startActors(lab.client, this.feed, this.protected);
    this.feed.listeners.add(() => this.stir());
  }

  async setUp(): Promise<void> {
    const { client } = this.#lab;
    for (const name of [this.app, this.protected])
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: this.protected, name: 'restic-config' },
      stringData: SECRET,
    });
    await this.until('the secret is seen', () => this.feed.list(secrets).length === 1);
  }

  /** What the user's secret says from now on. */
  async keepSecret(values: Partial<typeof SECRET>): Promise<void> {
    const key = { namespace: this.protected, name: 'restic-config' };
    await this.#lab.client.mergePatch(secrets, key, { stringData: values });
  }

  /** A process on standby. `around` sees every call that it makes. With `elects` it leads while it has the Lease. */
  boot(around: (process: Process) => Around, elects = false): Process {
    const stop = new AbortController();
    const leading = new AbortController();
    let isDead = false;
    const kill = (): void => {
      isDead = true;
      stop.abort(new LeadershipLostError('the process died'));
    };
    let called: () => void = () => undefined;
    const firstCall = new Promise<void>((resolve) => (called = resolve));
    const decide: Around = async (call, act) => {
      called();
      if (isDead) throw new CrashError('the process died');
      return around(process)(call, act);
    };
    const { feed, protected: namespace, actors } = this;
    const client = intercept(
      feed.over({
        ...this.#lab.controller,
        podLog: (key, options = {}) => readLog(actors.state, key, options),
      }),
      decide,
    );
    const informers = createInformerSet({ client, log: silentLogger });
    const { controllers } = createDataMover({
      client,
      informers,
      namespace,
      clusterName: CLUSTER_NAME,
      movers: builtInMovers,
      reporter: { report: () => undefined },
      log: silentLogger,
    });
    // All stories share one class: who writes its status first would be none of a story's calls.
    const ofStories = controllers.filter(({ name }) => name !== 'class');
    const mirroring = informers.run(stop.signal);
    const warm = informers.waitForSync({ timeoutMs: 60_000, signal: stop.signal });
    // Nobody may be waiting for it any more when the process is killed.
    warm.catch(() => undefined);
    const working = new Promise<void>((resolve) => {
      for (const { signal } of [leading, stop])
        signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const candidate = createCandidate(this.#lab.client, namespace);
    const [leads, onLead] = signalOf();
    const [lost, onLost] = signalOf();
    const work = async (signal: AbortSignal): Promise<void> => {
      onLead();
      signal.addEventListener('abort', () => {
        isDead = true;
        if (!stop.signal.aborted) onLost();
      });
      await Promise.all(ofStories.map((one) => one.run(signal)));
    };
    const over = working
      .then(() => (elects ? candidate.run(stop.signal, work) : work(stop.signal)))
      .catch((error: unknown) => {
        // As in main.ts: whoever has lost its lease ends.
        if (!(error instanceof LeadershipLostError)) throw error;
        kill();
      });
    this.#running.add({ kill, over: Promise.all([mirroring, over]) });
    const lead = (): void => leading.abort();
    const process: Process = { ...candidate, warm, firstCall, lead, leads, lost, kill };
    return process;
  }

  /** For what goes on beside the story and must not fail. */
  beside(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#problem ??= error;
      this.stir();
    });
  }

  /** Something may be true that was not before. */
  stir(): void {
    this.#stir();
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const giveUpAt = Date.now() + LIMIT_MS;
    for (;;) {
      this.#check();
      if (condition()) return;
      const left = giveUpAt - Date.now();
      if (left <= 0) throw new Error(`${what}: it did not come. ${this.describe()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#stir = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Waits until the watches have brought all that has happened to claims and volumes by now. */
  async catchUp(): Promise<void> {
    for (const kind of [persistentVolumeClaims, persistentVolumes] as readonly Kind<Resource>[]) {
      for (const object of this.feed.list(kind)) {
        const live = await this.#lab.client.get(kind, keyOf(object));
        const isSeen = (): boolean => versionOf(this.feed.get(kind, keyOf(object))) >= versionOf(live);
        await this.until(`the news of ${kind.kind} ${object.metadata.name}`, isSeen);
      }
    }
  }

  #check(): void {
    const problem = this.#problem ?? this.actors.problem();
    if (problem !== undefined) throw problem as Error;
  }

  async stop(): Promise<void> {
    for (const { kill } of this.#running) kill();
    await Promise.all([...this.#running].map(({ over }) => over));
    await this.actors.stop();
    this.#lab.relay.close(this.app, this.protected);
  }

  async create<T extends Resource>(kind: Kind<T>, object: Omit<T, 'apiVersion' | 'kind'>): Promise<T> {
    return this.#lab.client.create(kind, object as T);
  }

  async patch(kind: Kind<Resource>, key: Key, patch: Record<string, unknown>): Promise<void> {
    await this.#lab.client.mergePatch(kind, key, patch);
  }

  /** A claim of the application; the cluster provides its volume unless it has a selector. */
  async addClaim(name: string, selector?: Record<string, string>): Promise<void> {
    await this.create<PersistentVolumeClaim>(persistentVolumeClaims, {
      metadata: { namespace: this.app, name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '2Gi' } },
        ...(selector !== undefined && { selector: { matchLabels: selector } }),
      },
    });
  }

  /** A claim that holds data. */
  async addSource(name: string, content: string): Promise<void> {
    const key = { namespace: this.app, name };
    await this.addClaim(name);
    // The news of a claim and of its volume come by different watches.
    await this.until(
      'the source is bound',
      () => this.claim(key)?.status?.phase === 'Bound' && this.volumeOf(key) !== undefined,
    );
    this.actors.state.disks.set(this.handleOf(key), content);
  }

  claim(key: Key): PersistentVolumeClaim | undefined {
    return this.feed.get(persistentVolumeClaims, key);
  }

  handleOf(key: Key): string {
    return this.volumeOf(key)?.spec.csi?.volumeHandle ?? '';
  }

  volumeOf(key: Key) {
    return this.feed.get(persistentVolumes, { name: this.claim(key)?.spec.volumeName ?? '' });
  }

  read(key: Key): string | undefined {
    return this.actors.state.disks.get(this.handleOf(key));
  }

  repositoryOf(path: string) {
    return this.actors.state.repositories.get(`${BASE_URL}/${path}`);
  }

  /** Whoever looks for a snapshot finds none. */
  emptyRepositories(): void {
    for (const repository of this.actors.state.repositories.values()) repository.snapshots = [];
  }

  /** A repository that earlier backups have filled; their records. */
  addRepository(...contents: string[]) {
    const path = `${CLUSTER_NAME}/${this.app}/data`;
    const snapshots = contents.map((content, index) => ({
      id: `abcdef0${index + 1}`,
      at: Date.parse('2025-12-01T00:00:00Z') + index * 3_600_000,
      content,
    }));
    this.actors.state.repositories.set(`${BASE_URL}/${path}`, { password: PASSWORD, snapshots });
    return snapshots.map(({ id, at, content }) => ({
      mover: 'VolSync',
      repository: path,
      snapshotID: id,
      snapshotTime: new Date(at + 1000).toISOString(),
      bytes: content.length,
    }));
  }

  /** How many objects of a kind there have been. */
  everCreated(kind: Kind<Resource>): number {
    return this.feed.changes.filter((change) => change.kind === kind && change.before === undefined).length;
  }

  /** All that a story can leave behind, in one line each. */
  inventory(): string[] {
    const objects = LEFT_BEHIND.flatMap((kind) =>
      this.feed.list(kind).map((object) => `${kind.kind} ${formatKey(keyOf(object))}`),
    );
    const { disks, snapshots } = this.actors.state;
    return [
      ...objects,
      ...[...disks.keys(), ...snapshots.keys()].map((handle) => `storage ${handle}`),
    ].sort();
  }

  describe(): string {
    const requests: readonly (Resource & {
      status?: { phase?: string | undefined; message?: string | undefined };
    })[] = [
      ...this.feed.list(dataMoverBackups),
      ...this.feed.list(dataMoverRestores),
      ...this.feed.list(dataMoverDeletes),
      ...this.feed.list(dataMoverPrunes),
    ];
    const said = requests.map(
      ({ kind, metadata, status }) =>
        `${kind} ${metadata.name} is ${status?.phase ?? 'new'}: ${status?.message ?? ''}`,
    );
    return `${said.join('; ')}. There are:\n${this.inventory().join('\n')}`;
  }
}

function signalOf(): [Promise<void>, () => void] {
  let fire: () => void = () => undefined;
  return [new Promise<void>((resolve) => (fire = resolve)), () => fire()];
}

function versionOf(object: Resource | undefined): number {
  return Number(object?.metadata.resourceVersion ?? 0);
}
