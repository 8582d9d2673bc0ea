import { isDeepStrictEqual } from 'node:util';
import { nodes, persistentVolumeClaims, pods } from '../../../api/kubernetes/core.ts';
import {
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshotContent,
} from '../../../api/kubernetes/snapshot.ts';
import { formatKey, keyOf, type Key, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import { crdDefinitions } from '../../../api/datamover/v1alpha1/crds.ts';
import type { KubeClient, PodLogOptions } from '../../../kube/client/kube-client.ts';
import { KubeError } from '../../../kube/client/kube-error.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { FakeKube } from '../fake-kube.ts';
import { endLog, endRun, readLog, writeLog } from './pods.ts';
import { dropSnapshot, SNAPSHOT_PROTECTION, simulateSnapshots } from './snapshots.ts';
import { emptyState, type ClusterState, type Duty, type MoverRun } from './state.ts';
import { CLAIM_PROTECTION, simulateStorage } from './storage.ts';
import { simulateSurveys } from './surveys.ts';
import { simulateVerifications } from './verifier.ts';
import { simulateResticJobs } from './restic-job.ts';
import { simulateVolSync } from './volsync.ts';

const DRIVER = 'csi.example.com';

/**
 * An in-memory cluster around {@link FakeKube}. Doubles of volumes, snapshots and VolSync act in small steps that alternate with
 * the program under test. Each duty can be held and released, and movers can be scripted.
 */
export class FakeCluster {
  readonly clock: FakeClock = createFakeClock();
  readonly kube: FakeKube;
  readonly state: ClusterState;
  readonly namespace: string;
  /** Returns the error with which a request for a pod's log fails; `undefined`: the request succeeds. */
  podLogFault: ((key: Key) => KubeError | undefined) | undefined;
  /** Number of requests for pod logs. */
  podLogCalls = 0;
  /** True if the schemas of our kinds are those of an older version, which accepted any value. */
  hasOldSchemas = false;
  /** Number of object changes so far. */
  changes = 0;
  /** Copies of all objects, so that the doubles need not copy at every step. */
  readonly #mirror = new Map<string, Map<string, Resource>>();
  /** `undefined`: held for every object. */
  readonly #held = new Map<Duty, string | undefined>();
  #scheduled = false;

  constructor(namespace = 'velero') {
    this.namespace = namespace;
    this.kube = new FakeKube({
      clock: this.clock,
      admit: (kind, object, before) => admit(kind, object, { before, isChecked: !this.hasOldSchemas }),
    });
    this.state = {
      kube: this.kube,
      list: <T extends Resource>(kind: Kind<T>) => [...this.#mirrorOf(kind).values()] as T[],
      get: <T extends Resource>(kind: Kind<T>, key: Key) =>
        this.#mirrorOf(kind).get(formatKey(key)) as T | undefined,
      clock: this.clock,
      namespace,
      driver: DRIVER,
      held: {
        has: (duty, object) => this.#held.has(duty) && [undefined, object].includes(this.#held.get(duty)),
      },
      ...emptyState(),
      wakeAfter: (ms) => void this.clock.after(ms, () => this.wake()),
    };
    this.kube.reactors.add((kind, before, after) => {
      if (kind === (volumeSnapshotContents as Kind<Resource>) && before !== undefined && after === undefined)
        dropSnapshot(this.state, before as VolumeSnapshotContent);
      if (kind === (pods as Kind<Resource>) && before !== undefined && after === undefined)
        endLog(this.state, keyOf(before));
      this.changes++;
      if (after !== undefined) this.#mirrorOf(kind).set(formatKey(keyOf(after)), after);
      else if (before !== undefined) this.#mirrorOf(kind).delete(formatKey(keyOf(before)));
      this.wake();
    });
    this.kube.seed(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-1' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }

  hold(...duties: Duty[]): void {
    for (const duty of duties) this.#held.set(duty, undefined);
  }

  /** Holds a duty for one claim only. */
  holdFor(claim: string, duty: 'release claims' | 'bind'): void {
    this.#held.set(duty, claim);
  }

  release(...duties: Duty[]): void {
    for (const duty of duties) this.#held.delete(duty);
    this.wake();
  }

  /** Ends a mover pod that was left `running`, by the name of its transfer. */
  endRun(transfer: string, run: MoverRun): void {
    endRun(this.state, transfer, run);
    this.wake();
  }

  /** Makes a mover pod that was left `running` print a line. */
  say(transfer: string, line: string): void {
    writeLog(this.state, transfer, line);
  }

  /** Schedules another step of all doubles soon. */
  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      simulateSnapshots(this.state);
      simulateStorage(this.state);
      simulateVolSync(this.state);
      simulateVerifications(this.state);
      simulateSurveys(this.state);
      simulateResticJobs(this.state);
      if (!this.#held.has('collect')) this.kube.collectGarbage();
    });
  }

  #mirrorOf(kind: Kind<Resource>): Map<string, Resource> {
    const known = this.#mirror.get(kind.kind) ?? new Map<string, Resource>();
    this.#mirror.set(kind.kind, known);
    return known;
  }

  /** Returns a client like the program's; it can follow pod logs. */
  client(fieldManager = 'datamover-controller'): KubeClient {
    return {
      ...this.kube.client(fieldManager),
      podLog: (key, options = {}) => this.#podLog(key, options),
    };
  }

  async *#podLog(key: Key, options: PodLogOptions): AsyncGenerator<string> {
    this.podLogCalls++;
    await Promise.resolve();
    const fault = this.podLogFault?.(key);
    if (fault !== undefined) throw fault;
    yield* readLog(this.state, key, options);
  }
}

/** Adds the finalizers and defaults of Kubernetes and validates our kinds. */
function admit(
  kind: Kind<Resource>,
  object: Resource,
  { before, isChecked }: { before: Resource | undefined; isChecked: boolean },
): Resource {
  if (before === undefined && kind === (persistentVolumeClaims as Kind<Resource>))
    return protectedBy(object, CLAIM_PROTECTION);
  if (before === undefined && kind === (volumeSnapshots as Kind<Resource>))
    return protectedBy(object, SNAPSHOT_PROTECTION);
  const definition = crdDefinitions.find((one) => one.kind.kind === kind.kind);
  return definition === undefined
    ? object
    : validate(definition, object, isChecked && !isSameSpec(before, object));
}

function protectedBy(object: Resource, finalizer: string): Resource {
  const finalizers = [...new Set([...(object.metadata.finalizers ?? []), finalizer])];
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

/** Returns true if the spec has not changed: a stored spec remains valid, because an API server validates changes only. */
function isSameSpec(before: Resource | undefined, object: Resource): boolean {
  const specOf = (one: Resource | undefined): unknown => (one as { spec?: unknown } | undefined)?.spec;
  return before !== undefined && isDeepStrictEqual(specOf(before), specOf(object));
}

function validate(
  definition: (typeof crdDefinitions)[number],
  object: Resource,
  isSpecChecked: boolean,
): Resource {
  const { spec, status } = object as Resource & { spec?: unknown; status?: unknown };
  const parsedSpec = isSpecChecked ? definition.spec.safeParse(spec) : { data: spec, error: undefined };
  const parsedStatus = definition.status.safeParse(status ?? {});
  const problem = parsedSpec.error ?? parsedStatus.error;
  if (problem !== undefined) {
    const where = `${object.kind} ${object.metadata.name}`;
    throw new KubeError({
      code: 422,
      reason: 'Invalid',
      message: `${where} is invalid: ${problem.message}`,
    });
  }
  return { ...object, spec: parsedSpec.data } as unknown as Resource;
}
