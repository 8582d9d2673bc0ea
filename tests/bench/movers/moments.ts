import {
  jobs,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type Job,
  type Pod,
} from '../../../api/kubernetes/core.ts';
import { terminated } from '../../../movers/restic-repository/job/mover-pod.ts';
import { volumeSnapshots } from '../../../api/kubernetes/snapshot.ts';
import type { Condition, Kind, Resource } from '../../../api/kubernetes/meta.ts';
import { isConditionTrue } from '../../../kube/status/conditions.ts';
import type { TestCluster } from '../../e2e/support/cluster.ts';
import { watchPrograms } from './programs.ts';

/** An event of one request, in seconds since its creation, by the clock of the observer. */
export interface Moment {
  at: number;
  what: string;
}

/** Records the events in the cluster until `end` is called. */
export interface Witness {
  /** Records a change of the request itself. */
  saw(request: Resource & { status?: { conditions?: Condition[] | undefined } }): void;
  /** Returns the events in order. */
  end(): Moment[];
}

const RELEASED = 'clean-up: volume released';
const GONE = 'clean-up: PersistentVolume gone';

/** The events to record for each kind of child. */
const SIGNS: readonly Sign<never>[] = [
  sign(volumeSnapshots, { 'staging: snapshot made': () => true }),
  sign(persistentVolumeClaims, {
    'staging: claim made': () => true,
    'staging: claim bound': ({ status }) => status?.phase === 'Bound',
    'clean-up: claim deleted': ({ metadata }) => metadata.deletionTimestamp !== undefined,
  }),
  sign(
    persistentVolumes,
    {
      'staging: volume made': () => true,
      [RELEASED]: ({ status }) => status?.phase === 'Released',
    },
    // Excludes the volume of a mover's own cache.
    ({ spec }) => /^dm[br]-/.test(spec.claimRef?.name ?? ''),
  ),
  sign<Job>(jobs, {
    'Job made': () => true,
    'Job is over': ({ status }) => (status?.succeeded ?? 0) > 0,
    'clean-up: Job deleted': ({ metadata }) => metadata.deletionTimestamp !== undefined,
  }),
  sign<Pod>(pods, {
    'pod made': () => true,
    'pod scheduled': ({ spec }) => spec.nodeName !== undefined,
    'pod: it runs': ({ status }) => status?.phase === 'Running',
    'pod: container has ended': (pod) => terminated(pod) !== undefined,
    'pod: it is over': ({ status }) => status?.phase === 'Succeeded',
  }),
];

interface Sign<T extends Resource> {
  kind: Kind<T>;
  events: Readonly<Record<string, (object: T) => boolean>>;
  /** Returns true for objects to record. */
  concerns: (object: T) => boolean;
}

function sign<T extends Resource>(
  kind: Kind<T>,
  events: Sign<T>['events'],
  concerns: Sign<T>['concerns'] = () => true,
): Sign<never> {
  return { kind, events, concerns } as unknown as Sign<never>;
}

/** Returns how long the storage driver took to delete the staging volume, in seconds. */
export function removalOf(moments: readonly Moment[]): number {
  const [from, to] = [RELEASED, GONE].map((what) => moments.find((one) => one.what === what)?.at);
  return from === undefined || to === undefined ? 0 : to - from;
}

/** Observes the one request that is created right after this call. */
export async function witness({ kube, namespace, cluster }: TestCluster): Promise<Witness> {
  const begun = performance.now();
  const moments = new Map<string, number>();
  const note = (what: string): void => {
    if (!moments.has(what)) moments.set(what, (performance.now() - begun) / 1000);
  };
  const over = new AbortController();
  const look = async ({ kind, events, concerns }: Sign<never>): Promise<void> => {
    const where = kind.namespaced ? { namespace } : {};
    const { resourceVersion, items } = await kube.listPage<Resource>(kind, where);
    const known = new Set(items.map(({ metadata }) => metadata.uid));
    const limits = { timeoutSeconds: 3600, idleTimeoutMs: 3_600_000, signal: over.signal };
    const follow = async (): Promise<void> => {
      for await (const { type, object } of kube.watch<Resource>(kind, {
        ...where,
        resourceVersion,
        ...limits,
      })) {
        if (type === 'BOOKMARK' || known.has(object.metadata.uid) || !concerns(object as never)) continue;
        if (type === 'DELETED') note(`clean-up: ${kind.kind} gone`);
        for (const [what, holds] of Object.entries(events)) if (holds(object as never)) note(what);
      }
    };
    follow().catch((error: unknown) => {
      if (!over.signal.aborted) note(`lost sight of ${kind.plural}: ${String(error)}`);
    });
  };
  await Promise.all(SIGNS.map(look));
  const programs = watchPrograms({ program: 'restic', variable: cluster.s3.endpoint }, note);
  return {
    saw({ status }) {
      for (const { type } of status?.conditions ?? [])
        if (isConditionTrue(status?.conditions, type)) note(`status: ${type}`);
    },
    end() {
      over.abort();
      programs.stop();
      return [...moments].map(([what, at]) => ({ what, at })).sort((a, b) => a.at - b.at);
    },
  };
}
