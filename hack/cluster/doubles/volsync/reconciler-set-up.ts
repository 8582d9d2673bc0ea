import { jobs, namespaces, persistentVolumeClaims, pods, secrets } from '../../../../api/kubernetes/core.ts';
import type { Job } from '../../../../api/kubernetes/core.ts';
import { keyOf, type Key } from '../../../../api/kubernetes/meta.ts';
import { KubeError } from '../../../../kube/client/kube-error.ts';
import { silentLogger } from '../../../../telemetry/log.ts';
import { FakeKube } from '../../../../tests/fakes/fake-kube.ts';
import { replicationDestinations, replicationSources } from './api.ts';
import type { Replication, ReplicationDestination, ReplicationSource } from './api.ts';
import { destinationMover, sourceMover } from './movers.ts';
import { ReplicationReconciler } from './reconciler.ts';

const NAMESPACE = 'ns';
export const T0 = Date.parse('2026-01-02T03:04:05Z');

/** A cluster in memory with one CR, driven pass by pass. */
export class Rig {
  now = T0;
  readonly kube = new FakeKube({
    admit: refuseChangedTemplates,
    clock: { now: () => this.now, monotonic: () => this.now, after: () => () => undefined },
  });
  readonly #reconcilers;

  constructor() {
    const client = this.kube.client('volsync-double');
    const settings = { moverImage: 'mover:1', failureLimit: 8, logMaxBytes: 1024, timeScale: 1 };
    const common = { client, settings, recordEvent: () => undefined, now: () => this.now };
    this.#reconcilers = {
      ReplicationSource: new ReplicationReconciler({
        ...common,
        kind: replicationSources,
        mover: sourceMover,
      }),
      ReplicationDestination: new ReplicationReconciler({
        ...common,
        kind: replicationDestinations,
        mover: destinationMover,
      }),
    };
    this.kube.seed(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  }

  seedSecret(keys = ['RESTIC_REPOSITORY', 'RESTIC_PASSWORD']): void {
    const data = Object.fromEntries(keys.map((key) => [key, 'eA==']));
    this.kube.seed(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: named('repo'), data });
  }

  seedClaim(name: string, accessModes = ['ReadWriteOnce']): void {
    this.kube.seed(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: named(name),
      spec: { accessModes, storageClassName: 'fast', resources: { requests: { storage: '2Gi' } } },
    });
  }

  /** Runs one pass as the queue would. Returns the error that causes a retry. */
  async pass(owner: Replication): Promise<unknown> {
    const reconciler =
      this.#reconcilers[owner.kind === 'ReplicationSource' ? 'ReplicationSource' : 'ReplicationDestination'];
    // Seconds pass between passes, so that times in statuses differ.
    const context = { signal: new AbortController().signal, log: silentLogger, reconcileID: 'r' };
    this.now += 1000;
    return reconciler.reconcile(keyOf(owner), context).catch((error: unknown) => error);
  }

  source = (): ReplicationSource => must(this.kube.peek(replicationSources, key('rs')));
  destination = (): ReplicationDestination => must(this.kube.peek(replicationDestinations, key('rd')));
  job = (name = 'volsync-src-rs'): Job | undefined => this.kube.peek(jobs, key(name));

  setJobStatus(status: NonNullable<Job['status']>, name = 'volsync-src-rs'): void {
    this.kube.edit(jobs, key(name), (job) => {
      job.status = status;
    });
  }

  /** Creates an ended pod of the Job with these log lines. */
  seedPod(phase: 'Succeeded' | 'Failed', lines: string[], name = 'volsync-src-rs'): void {
    this.kube.seed(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...named(`${name}-x`), labels: { 'job-name': name } },
      spec: { containers: [{ name: 'restic' }] },
      status: { phase },
    });
    this.kube.setPodLog(key(`${name}-x`), lines);
  }
}

export const key = (name: string): Required<Key> => ({ namespace: NAMESPACE, name });
const named = key;

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there');
  return value;
}

/** Rejects changes of a Job's template, which is immutable, as the API server does. */
function refuseChangedTemplates<T>(kind: { kind: string }, object: T, before: unknown): T {
  const template = (job: unknown): string =>
    JSON.stringify((job as { spec?: { template?: unknown } } | undefined)?.spec?.template);
  if (kind.kind === 'Job' && before !== undefined && template(before) !== template(object)) {
    throw KubeError.fromResponse({
      code: 422,
      body: JSON.stringify({ kind: 'Status', code: 422, reason: 'Invalid', message: 'field is immutable' }),
    });
  }
  return object;
}

export function newSource(
  rig: Rig,
  over: Partial<ReplicationSource['spec'] & object> = {},
): ReplicationSource {
  return rig.kube.seed(replicationSources, {
    apiVersion: 'volsync.backube/v1alpha1',
    kind: 'ReplicationSource',
    metadata: named('rs'),
    spec: {
      sourcePVC: 'data',
      trigger: { manual: 'one' },
      restic: { copyMethod: 'Direct', repository: 'repo' },
      ...over,
    },
  });
}

export function newDestination(
  rig: Rig,
  restic: NonNullable<NonNullable<ReplicationDestination['spec']>['restic']>,
): ReplicationDestination {
  return rig.kube.seed(replicationDestinations, {
    apiVersion: 'volsync.backube/v1alpha1',
    kind: 'ReplicationDestination',
    metadata: named('rd'),
    spec: { trigger: { manual: 'one' }, restic: { repository: 'repo', ...restic } },
  });
}

export const reasonOf = (owner: Replication): string | undefined => owner.status?.conditions?.[0]?.reason;

export function readySource(over: Partial<ReplicationSource['spec'] & object> = {}): {
  rig: Rig;
  rs: ReplicationSource;
} {
  const rig = new Rig();
  rig.seedSecret();
  rig.seedClaim('data');
  return { rig, rs: newSource(rig, over) };
}
