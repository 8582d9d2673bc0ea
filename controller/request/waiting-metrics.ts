import type { Resource } from '../../api/meta.ts';
import { keeperOf } from '../../api/v1alpha1/class-resolution.ts';
import type { DataMoverClass } from '../../api/v1alpha1/data-mover-class.ts';
import type { Labels, Metrics, Reading } from '../../telemetry/metrics.ts';
import type { Lister } from '../environment.ts';
import { installationOf, isElsewhere } from '../installation.ts';
import { isFinal, type RequestStatus } from './request.ts';

interface Unfinished extends Resource {
  spec: {
    dataMoverClass?: string | undefined;
    source?: { dataMoverClass?: string | undefined } | undefined;
    dueAt?: string | undefined;
  };
  status?: RequestStatus & { admittedAt?: string | undefined };
}

interface Watched {
  requests: readonly Lister<Resource & { spec: object }>[];
  classes: Lister<DataMoverClass>;
  /** The protected namespace. */
  namespace: string;
  /** Whether one of our movers has this name. */
  isOurs: (mover: string) => boolean;
  now: () => Date;
}

/**
 * What is under way and what waits, read from the caches at every scrape, so that nothing is counted up or down and a restart
 * shows at once what was there before. Every replica sees the same: take the maximum, not the sum.
 */
export function registerWaitingMetrics(metrics: Metrics, watched: Watched): void {
  const unfinished = (): Unfinished[] =>
    watched.requests
      .flatMap((lister) => lister.list() as Unfinished[])
      .filter(({ status }) => !isFinal(status?.phase))
      .filter((request) => isOurs(request, watched));

  metrics.readings(
    {
      name: 'datamover_requests',
      help: 'Requests that have not ended, by phase',
      labels: ['kind', 'class', 'phase'],
    },
    () => count(unfinished().map((request) => ({ ...labelsOf(request), phase: phaseOf(request) }))),
  );
  metrics.readings(
    {
      name: 'datamover_oldest_waiting_seconds',
      help: 'Age of the oldest request that has no place among the running ones yet',
      labels: ['kind', 'class'],
    },
    () => {
      const waiting = unfinished().filter(({ status }) => status?.admittedAt === undefined);
      // What is not due yet waits for nobody.
      const ageOf = ({ metadata, spec }: Unfinished): number =>
        (watched.now().getTime() - Date.parse(spec.dueAt ?? metadata.creationTimestamp ?? '')) / 1000;
      const ages = waiting
        .map((request) => ({ labels: labelsOf(request), value: ageOf(request) }))
        .filter(({ value }) => value >= 0);
      // Of several with the same labels the last one stays.
      return ages.sort((a, b) => a.value - b.value);
    },
  );
}

/** Before a controller has taken a request up, only the class that it names tells whose it is. */
function isOurs(request: Unfinished, { classes, isOurs, namespace }: Watched): boolean {
  const { spec, status } = request;
  if (isElsewhere(request, namespace)) return false;
  if (status?.mover !== undefined) return isOurs(status.mover);
  const named = classes.get(spec.dataMoverClass ?? spec.source?.dataMoverClass ?? '');
  if (named === undefined) return true;
  return isKeptHere(request, named, namespace) && isOurs(named.spec.mover);
}

function isKeptHere(request: Unfinished, dataMoverClass: DataMoverClass, namespace: string): boolean {
  return (installationOf(request) ?? keeperOf(dataMoverClass) ?? namespace) === namespace;
}

/** Only a class that exists has a name in the status: what a request asks for is its author's to choose. */
function labelsOf({ kind, status }: Unfinished): { kind: string; class: string } {
  return { kind, class: status?.dataMoverClass ?? '' };
}

function phaseOf({ status }: Unfinished): string {
  return status?.phase ?? 'Pending';
}

function count(all: readonly Labels[]): Reading[] {
  const found = new Map<string, Reading>();
  for (const labels of all) {
    const id = JSON.stringify(labels);
    found.set(id, { labels, value: (found.get(id)?.value ?? 0) + 1 });
  }
  return [...found.values()];
}
