import {
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  type PersistentVolumeClaim,
} from '../../api/kubernetes/core.ts';
import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../api/datamover/v1alpha1/kinds.ts';
import { whenAborted } from '../../kube/runtime/abort.ts';
import { sleep, systemClock } from '../../kube/runtime/clock.ts';
import { readLog } from '../fakes/cluster/pods.ts';
import { startActors, type Actors } from './actors.ts';
import type { Around } from './intercept.ts';
import { LEFT_BEHIND } from '../fakes/cluster/left-behind.ts';
import { CallLog } from './call-log.ts';
import type { ApiServerFixture } from './api-server-fixture.ts';
import { startProcess, type ProcessParts, type Process } from './process.ts';
import type { Feed } from './relay.ts';

export const CLUSTER_NAME = 'c1';
const BASE_URL = 's3:http://s3.example.com/bucket/restic';
const PASSWORD = 'p4ssw0rd';
const SECRET = {
  RESTIC_REPOSITORY: BASE_URL,
  RESTIC_PASSWORD: PASSWORD,
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 's3cr3t',
};

/** No story takes longer, even on a busy machine. */
const LIMIT_MS = 3 * 60_000;

let harnesses = 0;

/** The cluster of one story: two namespaces of its own, and the processes that work in them. */
export class StoryHarness {
  readonly feed: Feed;
  readonly app: string;
  readonly protected: string;
  readonly actors: Actors;
  readonly callLog = new CallLog();
  readonly #apiServer: ApiServerFixture;
  readonly #processes: Process[] = [];
  readonly #over = new AbortController();
  /** What the story waits for at the moment. */
  readonly #awaited = new Set<string>();
  #problem: unknown;
  #notify: () => void = () => undefined;

  constructor(apiServer: ApiServerFixture) {
    const number = ++harnesses;
    this.app = `app-${number}`;
    this.protected = `velero-${number}`;
    this.#apiServer = apiServer;
    this.feed = apiServer.relay.open(this.app, this.protected);
    this.actors = startActors(apiServer.client, this.feed, this.protected);
    this.feed.listeners.add(() => this.notify());
  }

  async setUp(): Promise<void> {
    const { client } = this.#apiServer;
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

  /** Sets values of the user's secret. */
  async keepSecret(values: Partial<typeof SECRET>): Promise<void> {
    const key = { namespace: this.protected, name: 'restic-config' };
    await this.#apiServer.client.mergePatch(secrets, key, { stringData: values });
  }

  /**
   * Starts a process on standby. `around` wraps every call that it makes. With `elects` it leads while it holds the Lease; a
   * process that loses it is started again, as a Deployment would do.
   */
  boot(around: (process: Process) => Around, how: { elects?: true; parts?: ProcessParts } = {}): Process {
    const { feed, protected: namespace, actors } = this;
    const process = startProcess({
      client: feed.over({
        ...this.#apiServer.controller,
        podLog: (key, options = {}) => readLog(actors.state, key, options),
      }),
      elections: how.elects ? this.#apiServer.elections : undefined,
      namespace,
      clusterName: CLUSTER_NAME,
      callLog: this.callLog.open(),
      parts: how.parts ?? 'requests',
      onProblem: (problem) => this.beside(Promise.reject(problem)),
      around,
    });
    this.#processes.push(process);
    const startAgain = async (end: 'killed' | 'lost'): Promise<void> => {
      if (end === 'lost' && !this.#over.signal.aborted) await this.takeOver(this.boot(around, how));
    };
    this.beside(process.ended.then(startAgain));
    return process;
  }

  async takeOver(process: Process): Promise<void> {
    await this.wait('warm caches', process.warm);
    process.lead();
  }

  /** Runs work in parallel to the story that must not fail. */
  beside(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#problem ??= error;
      this.notify();
    });
  }

  /** Waits for an event from outside the story, but no longer than the story runs. */
  async wait<R>(what: string, coming: Promise<R>): Promise<R> {
    const over = whenAborted(this.#over.signal).then(() => {
      throw new Error(`${what}: it did not come before the story was over`);
    });
    this.#awaited.add(what);
    try {
      return await Promise.race([coming, over]);
    } finally {
      this.#awaited.delete(what);
    }
  }

  /** Makes waits check their conditions again. */
  notify(): void {
    this.#notify();
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const giveUpAt = Date.now() + LIMIT_MS;
    for (;;) {
      this.#check();
      if (condition()) return;
      const left = giveUpAt - Date.now();
      if (left <= 0) throw new Error(`${what}: it did not come within ${LIMIT_MS / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#notify = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Waits until the watches have delivered all changes of claims and volumes so far. */
  async catchUp(): Promise<void> {
    for (const kind of [persistentVolumeClaims, persistentVolumes] as readonly Kind<Resource>[]) {
      for (const object of this.feed.list(kind)) {
        const live = await this.#apiServer.client.get(kind, keyOf(object));
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
    this.#over.abort();
    for (const { kill } of this.#processes) kill();
    const ended = Promise.all([...this.#processes.map((process) => process.ended), this.actors.stop()]);
    const timer = new AbortController();
    const late = sleep(systemClock, LIMIT_MS, timer.signal).then(() => {
      if (!timer.signal.aborted) throw new Error('what works for the story does not end');
    });
    try {
      await Promise.race([ended, late]);
    } finally {
      timer.abort();
      this.#apiServer.relay.close(this.app, this.protected);
    }
  }

  async create<T extends Resource>(kind: Kind<T>, object: Omit<T, 'apiVersion' | 'kind'>): Promise<T> {
    return this.#apiServer.client.create(kind, object as T);
  }

  async patch(kind: Kind<Resource>, key: Key, patch: Record<string, unknown>): Promise<void> {
    await this.#apiServer.client.mergePatch(kind, key, patch);
  }

  async setStatus(kind: Kind<Resource>, key: Key, status: object): Promise<void> {
    await this.#apiServer.client.mergePatch(kind, key, { status }, { subresource: 'status' });
  }

  async delete(kind: Kind<Resource>, key: Key): Promise<void> {
    await this.#apiServer.client.delete(kind, key);
  }

  /** Adds a claim of the application; the cluster provisions its volume unless it has a selector. */
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

  /** Adds a claim that holds data. */
  async addSource(name: string, content: string): Promise<void> {
    const key = { namespace: this.app, name };
    await this.addClaim(name);
    // The changes of a claim and of its volume are delivered by different watches.
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

  /** Removes all snapshots from all repositories. */
  emptyRepositories(): void {
    for (const repository of this.actors.state.repositories.values()) repository.snapshots = [];
  }

  /** Adds a repository that earlier backups have filled; returns their records. */
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

  /** Returns how many objects of a kind have ever existed. */
  everCreated(kind: Kind<Resource>): number {
    return this.feed.changes.filter((change) => change.kind === kind && change.before === undefined).length;
  }

  /** Returns one line for each object that a story can leave behind. */
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

  /** Returns everything that helps to find the cause of a failure. */
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
    const awaited = this.#awaited.size === 0 ? '' : ` Waiting for ${[...this.#awaited].join(', ')}.`;
    const there = `${said.join('; ')}.${awaited} There are:\n${this.inventory().join('\n')}`;
    return `${there}\nWhat happened last:\n${this.callLog.print()}`;
  }
}

function versionOf(object: Resource | undefined): number {
  return Number(object?.metadata.resourceVersion ?? 0);
}
