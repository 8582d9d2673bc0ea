import type { Lister } from '../../../kube/cache/lister.ts';
import { parseKey, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverDelete } from '../../../api/datamover/v1alpha1/data-mover-delete.ts';
import type { DataMoverPrune } from '../../../api/datamover/v1alpha1/data-mover-prune.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { FINALIZER } from '../../../api/datamover/v1alpha1/keys.ts';
import {
  dataMoverBackups,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from '../../../api/datamover/v1alpha1/kinds.ts';
import { isConflict, isNotFound } from '../../../kube/client/kube-error.ts';
import type { Clock } from '../../../kube/runtime/clock.ts';
import type { Logger } from '../../../telemetry/log.ts';
import type { Environment } from '../environment.ts';
import { CHILD_INDEX } from '../informers.ts';
import type { Mover, RequestKind } from '../../../movers/mover.ts';
import { nameOf } from '../../../kube/runtime/deleter.ts';
import { isFinal } from '../../../lifecycle/request/request-type.ts';
import { leftovers, type Leftover, type Origin } from './leftovers.ts';

/** By kind of request, whether one is this controller's to serve. */
export interface Ownership {
  backup: (request: DataMoverBackup) => boolean;
  restore: (request: DataMoverRestore) => boolean;
  delete: (request: DataMoverDelete) => boolean;
  prune: (request: DataMoverPrune) => boolean;
}

export interface CollectorOptions {
  env: Pick<Environment, 'client' | 'listers' | 'namespace' | 'self' | 'cleaner'>;
  movers: readonly Pick<Mover, 'children' | 'cleanup'>[];
  /** Whether a request that is there is this controller's to serve. */
  isOwn: Ownership;
  clock: Pick<Clock, 'monotonic'>;
  log: Logger;
}

/**
 * Removes what appeared after the clean-up of its request, or stands although the request is gone: a volume that was provided
 * late, the last write of a former leader, what a request left whose finalizer somebody has taken away.
 */
export interface Collector {
  sweep(signal: AbortSignal): Promise<void>;
}

type Request = Resource & { status?: { phase?: string | undefined } };

/** Longer than any cache is behind. */
export const SETTLED_MS = 600_000;

const KIND_OF: Readonly<Record<RequestKind, Kind<Request>>> = {
  backup: dataMoverBackups,
  restore: dataMoverRestores,
  delete: dataMoverDeletes,
  prune: dataMoverPrunes,
};

export function createCollector({ env, movers, isOwn, clock, log }: CollectorOptions): Collector {
  const { client, listers, namespace, self, cleaner } = env;
  /** Since when each object has been seen without a request that needs it, on the monotonic clock. */
  let seen = new Map<string, number>();

  /** By the cache; `undefined`: there is no such request. */
  function isOverAndOurs(child: string): boolean | undefined {
    const looks = [
      look(listers.backups, isOwn.backup, child),
      look(listers.restores, isOwn.restore, child),
      look(listers.deletes, isOwn.delete, child),
      look(listers.prunes, isOwn.prune, child),
    ];
    return looks.find((one) => one !== undefined);
  }

  /** What names another controller is that one's, and so is what names none while its request is gone. */
  function isLeft({ child, origin }: Leftover): boolean {
    return isOverAndOurs(child) ?? (origin === undefined || origin.servedBy === self);
  }

  /** By the API server's own word: no cache may lack a request that is there. */
  async function isStillWanted(origin: Origin | undefined, signal: AbortSignal): Promise<boolean> {
    if (origin === undefined) return false;
    const request = await client.get(KIND_OF[origin.kind], parseKey(origin.request), { signal });
    return request?.metadata.uid === origin.uid && !isOver(request);
  }

  async function collect(left: Leftover, signal: AbortSignal): Promise<void> {
    const { object, origin } = left;
    try {
      if (await isStillWanted(origin, signal)) return;
      await left.remove(signal);
      log.info({ requestUID: origin?.uid }, `${nameOf(object)} is removed: its request is over or gone`);
    } catch (error) {
      // It has changed since it was read: the next round looks at it again.
      if (!isConflict(error) && !isNotFound(error)) log.warn({ err: error }, `${nameOf(object)} is left`);
    } finally {
      if (origin !== undefined) cleaner.forget(origin.uid);
    }
  }

  return {
    async sweep(signal) {
      const now = clock.monotonic();
      const still = new Map<string, number>();
      for await (const left of leftovers({ client, listers, namespace, movers })) {
        if (!isLeft(left)) continue;
        const { uid = '' } = left.object.metadata;
        const since = seen.get(uid) ?? now;
        still.set(uid, since);
        if (now - since >= SETTLED_MS) await collect(left, signal);
        signal.throwIfAborted();
      }
      seen = still;
    },
  };
}

function look<T extends Request>(
  lister: Lister<T>,
  isOwn: (request: T) => boolean,
  child: string,
): boolean | undefined {
  const [request] = lister.byIndex(CHILD_INDEX, child);
  return request === undefined ? undefined : isOver(request) && isOwn(request);
}

/** It has ended, and all that was made for it had gone before its finalizer did. */
function isOver({ metadata, status }: Request): boolean {
  return isFinal(status?.phase) && metadata.finalizers?.includes(FINALIZER) !== true;
}
