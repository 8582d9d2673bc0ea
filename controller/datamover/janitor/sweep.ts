import { formatKey, keyOf, type Kind, type Resource } from '../../../api/kubernetes/meta.ts';
import { isConflict, isNotFound } from '../../../kube/client/kube-error.ts';
import { inTurns } from '../../../kube/runtime/turns.ts';
import { logFieldsOf } from '../../../lifecycle/observe/request-log.ts';
import type { SweepRound } from '../request-kind.ts';
import type { VeleroObject } from './ownership.ts';

/** Acts on each request in turns of the event loop, because tens of thousands may exist. A failure does not stop the others. */
export async function forEachRequest<T extends Resource>(
  { log }: SweepRound,
  requests: readonly T[],
  act: (request: T) => Promise<void>,
): Promise<void> {
  for await (const one of inTurns(requests)) {
    try {
      await act(one);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error))
        log.warn({ err: error, ...logFieldsOf(one) }, 'failed to reconcile the ownership of a request');
    }
  }
}

/**
 * Lists Velero's objects of a kind by name. A list that starts now contains the owner of every existing request. Returns
 * undefined if Velero is not installed, which proves nothing about its backups.
 */
async function veleroObjects<T extends VeleroObject>(
  { client, namespace, signal }: SweepRound,
  kind: Kind<T>,
): Promise<ReadonlyMap<string, T> | undefined> {
  const found = new Map<string, T>();
  try {
    for await (const one of client.list(kind, { namespace, signal })) found.set(one.metadata.name, one);
    return found;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Acts on the requests that a Velero object created, with Velero's objects of that kind by name. Reads those only if there
 * are such requests, and does nothing if Velero is not installed.
 */
export async function forEachOwned<T extends Resource, V extends VeleroObject>(
  round: SweepRound,
  { owned, kind }: { owned: readonly T[]; kind: Kind<V> },
  act: (request: T, known: ReadonlyMap<string, V>) => Promise<void>,
): Promise<void> {
  const known = owned.length === 0 ? undefined : await veleroObjects(round, kind);
  if (known !== undefined) await forEachRequest(round, owned, (one) => act(one, known));
}

/**
 * Deletes a request, but only the version that was read: right after a change of leader the cache may lack what the former leader
 * recorded.
 */
export async function deleteRequest<T extends Resource>(
  { client, log, signal }: SweepRound,
  kind: Kind<T>,
  object: T,
): Promise<void> {
  const { uid = '', resourceVersion = '' } = object.metadata;
  await client.delete(kind, keyOf(object), { uid, resourceVersion, signal });
  log.info(
    logFieldsOf(object),
    `${kind.kind} ${formatKey(keyOf(object))} was deleted: it is no longer needed`,
  );
}
