import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverPrune } from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import {
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../../api/datamover/v1alpha1/kinds.ts';
import type { Kind } from '../../../api/kubernetes/meta.ts';
import { backups, restores } from '../../../api/velero/v1.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { sleep, type Clock } from '../../../kube/runtime/clock.ts';
import type { Runnable } from '../../../kube/manager.ts';
import { inTurns } from '../../../kube/runtime/turns.ts';
import type { Logger } from '../../../telemetry/log.ts';
import { excludeClaims, ownClaims } from '../../../volumes/exposure/exclude-from-velero.ts';
import type { Listers } from '../environment.ts';
import type { Collector, Ownership } from './collector.ts';
import { KINDS } from './leftovers.ts';
import { reconcileOwnedBackup } from './owned-backup.ts';
import { actionForMaintenance, actionForRestore, veleroBackupOf, veleroRestoreOf } from './ownership.ts';
import { deleteRequest, forEachRequest, veleroObjects, type Sweep } from './sweep.ts';

export const JANITOR_INTERVAL_MS = 300_000;

export interface JanitorOptions {
  client: KubeClient;
  listers: Pick<Listers, 'backups' | 'restores' | 'deletes' | 'prunes' | 'claims' | 'volumes'>;
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

const ALL_OWN = Object.fromEntries(KINDS.map((kind) => [kind, () => true])) as unknown as Ownership;

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
  const { client, listers, namespace, log, isOwn = ALL_OWN } = options;
  const round: Sweep = { client, namespace, log, signal };
  await sweepBackups(round, options);
  await sweepRestores(round, options);
  const now = new Date(options.clock.now());
  await sweepExpired(round, dataMoverDeletes, await select(listers.deletes.list(), isOwn.delete), now);
  await sweepExpired(round, dataMoverPrunes, await select(listers.prunes.list(), isOwn.prune), now);
  await excludeClaims(options, ownClaims(options), signal);
}

async function sweepBackups(round: Sweep, { listers, isOwn = ALL_OWN }: JanitorOptions): Promise<void> {
  const own = await select(listers.backups.list().filter(veleroBackupOf), isOwn.backup);
  const known = own.length === 0 ? undefined : await veleroObjects(round, backups);
  if (known === undefined) return;
  const { claims } = listers;
  await forEachRequest(round, own, (one) => reconcileOwnedBackup(round, one, { known, claims }));
}

async function sweepRestores(round: Sweep, { listers, isOwn = ALL_OWN }: JanitorOptions): Promise<void> {
  const own = await select(listers.restores.list().filter(veleroRestoreOf), isOwn.restore);
  const known = own.length === 0 ? undefined : await veleroObjects(round, restores);
  if (known === undefined) return;
  await forEachRequest(round, own, async (one) => {
    if (actionForRestore(one, known) === 'delete') await deleteRequest(round, dataMoverRestores, one);
  });
}

async function sweepExpired<T extends DataMoverDelete | DataMoverPrune>(
  round: Sweep,
  kind: Kind<T>,
  requests: readonly T[],
  now: Date,
): Promise<void> {
  await forEachRequest(round, requests, async (one) => {
    if (actionForMaintenance(one, now) === 'delete') await deleteRequest(round, kind, one);
  });
}

/** Works in turns, because tens of thousands may exist. */
async function select<T>(all: readonly T[], isOwn: (one: T) => boolean): Promise<T[]> {
  const selected: T[] = [];
  for await (const one of inTurns(all)) if (isOwn(one)) selected.push(one);
  return selected;
}
