import type { Requests } from '../../../api/datamover/v1alpha1/kinds.ts';
import type { RequestKind } from '../../../api/datamover/v1alpha1/names.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { sleep, type Clock } from '../../../kube/runtime/clock.ts';
import type { Runnable } from '../../../kube/manager.ts';
import { inTurns } from '../../../kube/runtime/turns.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { excludeClaims, ownClaims } from '../../../volumes/exposure/exclude-from-velero.ts';
import type { Listers, RequestListers } from '../environment.ts';
import { kindsOf } from '../informers.ts';
import type { RequestKindDescriptor, RequestKinds, SweepRound } from '../request-kind.ts';
import type { Collector, Ownership } from './collector.ts';

export const JANITOR_INTERVAL_MS = 300_000;

export interface JanitorOptions {
  client: KubeClient;
  kinds: RequestKinds;
  listers: RequestListers & Pick<Listers, 'claims' | 'volumes'>;
  /** Returns true for requests of this controller; others have their own janitors. Default: all are. */
  isOwn?: Ownership;
  /** Additional sweep in each round. Default: none. */
  collector?: Collector;
  /** The protected namespace, where Velero runs. */
  namespace: string;
  /** Interval between two sweeps. Default {@link JANITOR_INTERVAL_MS}. */
  intervalMs?: number;
  clock: Clock;
  log: Logger;
}

/**
 * Checks periodically whether the Velero backup or restore of each request still exists, because Velero removes some without
 * calling the plugin: a backup that was deleted in another cluster or from the bucket, or one that failed when the server was
 * restarted.
 */
export interface Janitor extends Runnable {
  sweep(signal: AbortSignal): Promise<void>;
}

export function createJanitor(options: JanitorOptions): Janitor {
  const { clock, log, intervalMs = JANITOR_INTERVAL_MS } = options;

  return {
    name: 'janitor',
    sweep: (signal) => sweep(options, signal),
    async run(signal) {
      while (!signal.aborted) {
        await sweep(options, signal).catch((error: unknown) => {
          if (!signal.aborted)
            log.warn({ err: error }, 'the requests of Velero backups and restores could not be checked');
        });
        await options.collector?.sweep(signal).catch((error: unknown) => {
          if (!signal.aborted) log.warn({ err: error }, 'the search for leftovers of requests failed');
        });
        await sleep(clock, intervalMs, signal);
      }
    },
  };
}

async function sweep(options: JanitorOptions, signal: AbortSignal): Promise<void> {
  const { client, listers, namespace, log, kinds } = options;
  const now = new Date(options.clock.now());
  const round: SweepRound = { client, listers, namespace, now, log, signal };
  for (const kind of kindsOf(kinds)) await sweepKind(kind, options, round);
  await excludeClaims(options, ownClaims(options), signal);
}

async function sweepKind(
  kind: RequestKind,
  { kinds, listers, isOwn }: JanitorOptions,
  round: SweepRound,
): Promise<void> {
  const { sweep: sweepOf } = kinds[kind] as RequestKindDescriptor;
  if (sweepOf === undefined) return;
  const all: Requests[RequestKind][] = listers[`${kind}s`].list();
  await sweepOf(round, await select(all, isOwn?.[kind] ?? (() => true)));
}

/** Works in turns, because tens of thousands may exist. */
async function select<T>(all: readonly T[], isOwn: (one: T) => boolean): Promise<T[]> {
  const selected: T[] = [];
  for await (const one of inTurns(all)) if (isOwn(one)) selected.push(one);
  return selected;
}
