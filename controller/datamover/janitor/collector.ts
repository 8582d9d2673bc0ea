import type { Lister } from '../../../kube/cache/lister.ts';
import { parseKey, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import { FINALIZER } from '../../../api/datamover/v1alpha1/keys.ts';
import { isConflict, isNotFound } from '../../../kube/client/kube-error.ts';
import type { Clock } from '../../../kube/runtime/clock.ts';
import type { Logger } from '../../../telemetry/log.ts';
import type { Environment } from '../environment.ts';
import { CHILD_INDEX } from '../../../lifecycle/request-controllers.ts';
import type { Mover, RequestKind } from '../../../movers/mover.ts';
import { nameOf } from '../../../kube/runtime/deleter.ts';
import { type RequestResource } from '../../../lifecycle/request/request-type.ts';
import { isFinal } from '../../../lifecycle/request-status.ts';
import { kindsOf } from '../informers.ts';
import type { RequestKinds } from '../request-kind.ts';
import { leftovers, type Leftover, type Origin } from './leftovers.ts';

/** Per kind: returns true if this controller serves the request. */
export type Ownership = Readonly<Record<RequestKind, (request: RequestResource) => boolean>>;

export interface CollectorOptions {
  kinds: RequestKinds;
  env: Pick<Environment, 'client' | 'listers' | 'namespace' | 'self' | 'cleaner'>;
  movers: readonly Pick<Mover, 'children' | 'cleanup'>[];
  /** Returns true if this controller serves an existing request. */
  isOwn: Ownership;
  clock: Pick<Clock, 'monotonic'>;
  log: Logger;
}

/**
 * Removes objects that appeared after the cleanup of their request, or whose request was deleted: a volume that was provisioned
 * late, the last write of a former leader, the children of a request whose finalizer a user has removed.
 */
export interface Collector {
  sweep(signal: AbortSignal): Promise<void>;
}

type Request = Resource & { status?: { phase?: string | undefined } };

/** Longer than any cache lags. */
export const SETTLED_MS = 600_000;

export function createCollector({ kinds, env, movers, isOwn, clock, log }: CollectorOptions): Collector {
  const { client, listers, namespace, self, cleaner } = env;
  /** The first time at which each object was seen without a request that needs it, on the monotonic clock. */
  let seen = new Map<string, number>();

  /** Reads the cache; `undefined` if no such request exists. */
  function isOverAndOurs(child: string): boolean | undefined {
    const looks = kindsOf(kinds).map((kind) => look<Request>(listers[`${kind}s`], isOwn[kind], child));
    return looks.find((one) => one !== undefined);
  }

  /**
   * An object that names another controller belongs to that one, and so does one that names none while its request does not
   * exist.
   */
  function isLeft({ child, origin }: Leftover): boolean {
    return isOverAndOurs(child) ?? (origin === undefined || origin.servedBy === self);
  }

  /** Reads from the API server, because a cache may lack an existing request. */
  async function isStillWanted(origin: Origin | undefined, signal: AbortSignal): Promise<boolean> {
    if (origin === undefined) return false;
    const kind: Kind<Request> = kinds[origin.kind].kind;
    const request = await client.get(kind, parseKey(origin.request), {
      signal,
    });
    return request?.metadata.uid === origin.uid && !isOver(request);
  }

  async function collect(left: Leftover, signal: AbortSignal): Promise<void> {
    const { object, origin } = left;
    try {
      if (await isStillWanted(origin, signal)) return;
      await left.remove(signal);
      log.info(
        { requestUID: origin?.uid },
        `${nameOf(object)} was deleted: its request has ended or no longer exists`,
      );
    } catch (error) {
      // It has changed since it was read; the next round checks it again.
      if (!isConflict(error) && !isNotFound(error))
        log.warn({ err: error }, `${nameOf(object)} could not be deleted`);
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

/** Returns true if the request has ended and its cleanup is complete, which removes the finalizer. */
function isOver({ metadata, status }: Request): boolean {
  return isFinal(status?.phase) && metadata.finalizers?.includes(FINALIZER) !== true;
}
