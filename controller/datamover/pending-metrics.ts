import type { Lister } from '../../kube/cache/lister.ts';
import { formatKey, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { installationOfClass } from '../../api/datamover/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import type { Metrics, Reading } from '../../telemetry/metrics.ts';
import { installationOf, isElsewhere } from './installation.ts';
import { compareText, createLine, type Line } from '../../lifecycle/admission/sorted-line.ts';
import type { DataMoverStatus } from './request-type.ts';
import { isFinal } from '../../lifecycle/request-status.ts';

interface Unfinished extends Resource {
  spec: {
    dataMoverClass?: string | undefined;
    source?: { dataMoverClass?: string | undefined } | undefined;
    dueAt?: string | undefined;
  };
  status?: DataMoverStatus & { admittedAt?: string | undefined };
}

interface Watched {
  requests: readonly Pick<Informer<Resource & { spec: object }>, 'onChange'>[];
  classes: Lister<DataMoverClass>;
  /** The protected namespace. */
  namespace: string;
  /** Returns true if one of our movers has this name. */
  isOurs: (mover: string) => boolean;
  now: () => Date;
}

/** Requests with the same metric labels and the same owner. */
interface Group {
  /** Any request of the group. */
  sample: Unfinished;
  size: number;
  /** Requests that have no slot yet. */
  waiting: Line<Waiting>;
}

interface Waiting {
  /** Start of the wait in milliseconds; `Infinity` if unknown. */
  since: number;
  key: string;
}

/**
 * Registers gauges of unfinished and waiting requests, computed from the caches. The groups are updated on each change, so a
 * scrape reads groups instead of requests, and the values are correct directly after a restart. All replicas report the same
 * values: aggregate with max, not with sum.
 */
export function registerPendingMetrics(metrics: Metrics, watched: Watched): void {
  const groups = followGroups(watched.requests);
  const ours = (): Group[] => [...groups.values()].filter(({ sample }) => isOurs(sample, watched));

  metrics.readings(
    {
      name: 'datamover_requests',
      help: 'Requests that have not ended, by phase',
      labels: ['kind', 'class', 'phase'],
    },
    () => {
      const readings = ours().map(({ sample, size }) => ({
        labels: { ...labelsOf(sample), phase: phaseOf(sample) },
        value: size,
      }));
      return combine(readings, (a, b) => a + b);
    },
  );
  metrics.readings(
    {
      name: 'datamover_oldest_waiting_seconds',
      help: 'Age of the oldest request without a slot',
      labels: ['kind', 'class'],
    },
    () => {
      const now = watched.now().getTime();
      const readings = ours().map(({ sample, waiting }) => ({
        labels: labelsOf(sample),
        value: (now - (waiting.head?.since ?? Infinity)) / 1000,
      }));
      // A request that is not due yet has a negative age and is not waiting.
      return combine(
        readings.filter(({ value }) => value >= 0),
        Math.max,
      );
    },
  );
}

/** Groups all unfinished requests. */
function followGroups(informers: Watched['requests']): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();

  function leave(request: Unfinished): void {
    const id = groupOf(request);
    const group = groups.get(id);
    if (group === undefined) return;
    group.size--;
    group.waiting.remove(waitingOf(request));
    if (group.size === 0) groups.delete(id);
  }

  function join(request: Unfinished): void {
    const id = groupOf(request);
    const group = groups.get(id) ?? { sample: request, size: 0, waiting: createLine(bySince) };
    groups.set(id, group);
    group.size++;
    if (request.status?.admittedAt === undefined) group.waiting.add(waitingOf(request));
  }

  for (const informer of informers)
    informer.onChange((before, after) => {
      if (isUnfinished(before)) leave(before);
      if (isUnfinished(after)) join(after);
    });
  return groups;
}

function isUnfinished(request: Resource | undefined): request is Unfinished {
  return request !== undefined && !isFinal((request as Unfinished).status?.phase);
}

/** Returns a key of everything that determines the labels and the owner of a request, except for the classes. */
function groupOf(request: Unfinished): string {
  const { kind, class: className } = labelsOf(request);
  const { mover } = request.status ?? {};
  return JSON.stringify([
    kind,
    className,
    phaseOf(request),
    mover,
    installationOf(request),
    namedBy(request),
  ]);
}

function waitingOf(request: Unfinished): Waiting {
  const since = Date.parse(request.spec.dueAt ?? request.metadata.creationTimestamp ?? '');
  return { since: Number.isNaN(since) ? Infinity : since, key: formatKey(keyOf(request)) };
}

function bySince(a: Waiting, b: Waiting): number {
  return a.since === b.since ? compareText(a.key, b.key) : a.since < b.since ? -1 : 1;
}

/** Before a controller has claimed a request, only the class that it names decides which controller serves it. */
function isOurs(request: Unfinished, { classes, isOurs, namespace }: Watched): boolean {
  const { status } = request;
  if (isElsewhere(request, namespace)) return false;
  if (status?.mover !== undefined) return isOurs(status.mover);
  const named = classes.get(namedBy(request));
  if (named === undefined) return true;
  return isKeptHere(request, named, namespace) && isOurs(named.spec.mover);
}

/** Returns the class in the spec. */
function namedBy({ spec }: Unfinished): string {
  return spec.dataMoverClass ?? spec.source?.dataMoverClass ?? '';
}

function isKeptHere(request: Unfinished, dataMoverClass: DataMoverClass, namespace: string): boolean {
  return (installationOf(request) ?? installationOfClass(dataMoverClass) ?? namespace) === namespace;
}

/** Uses the class in the status only, because a request may name a class that does not exist. */
function labelsOf({ kind, status }: Unfinished): { kind: string; class: string } {
  return { kind, class: status?.dataMoverClass ?? '' };
}

function phaseOf({ status }: Unfinished): string {
  return status?.phase ?? 'Pending';
}

/** Merges the readings with the same labels. */
function combine(readings: readonly Reading[], sum: (a: number, b: number) => number): Reading[] {
  const found = new Map<string, Reading>();
  for (const { labels, value } of readings) {
    const id = JSON.stringify(labels);
    const known = found.get(id);
    found.set(id, { labels, value: known === undefined ? value : sum(known.value, value) });
  }
  return [...found.values()];
}
