import { type Key, type Kind, keyOf, type Resource } from '../../api/kubernetes/meta.ts';
import { describeCall } from './call.ts';
import type { Caller } from './caller.ts';
import type { ApplyOptions, CallOptions, DeleteOptions, KubeClient } from './kube-client.ts';
import { isConflict, isNotFound } from './kube-error.ts';
import { collectionPath, objectPath, queryString } from './resource-path.ts';
import { withType } from './with-type.ts';

/** The verbs of the client that write. */
export type WriteVerbs = Pick<KubeClient, 'create' | 'apply' | 'applyStatus' | 'mergePatch' | 'delete'>;

/** Creates the verbs that write; the API server records `fieldManager` as their field manager. */
export function createWriteVerbs(caller: Caller, fieldManager: string): WriteVerbs {
  const patch = async <T extends Resource>(
    kind: Kind<T>,
    key: Key,
    how: { verb: string; body: unknown; contentType: string; status: boolean; query: ApplyOptions },
  ): Promise<T> => {
    const object = await caller.json({
      ...describeCall(how.verb, kind, key),
      method: 'PATCH',
      path:
        objectPath(kind, key, how.status ? 'status' : undefined) +
        queryString({ fieldManager: how.query.fieldManager ?? fieldManager, force: how.query.force }),
      body: how.body,
      contentType: how.contentType,
      idempotent: true,
      signal: how.query.signal,
    });
    return object as T;
  };

  const apply = async <T extends Resource>(
    kind: Kind<T>,
    object: T,
    options: ApplyOptions,
    status: boolean,
  ) =>
    patch(kind, keyOf(object), {
      verb: status ? 'apply status of' : 'apply',
      body: withType(kind, object),
      contentType: 'application/apply-patch+yaml',
      status,
      query: { ...options, force: options.force ?? true },
    });

  return {
    async create<T extends Resource>(kind: Kind<T>, object: T, options: CallOptions = {}) {
      const created = await caller.json({
        ...describeCall('create', kind, keyOf(object)),
        method: 'POST',
        path: collectionPath(kind, object.metadata.namespace) + queryString({ fieldManager }),
        body: withType(kind, object),
        idempotent: false,
        signal: options.signal,
      });
      return created as T;
    },

    apply: (kind, object, options = {}) => apply(kind, object, options, false),
    applyStatus: (kind, object, options = {}) => apply(kind, object, options, true),

    mergePatch: (kind, key, body, options = {}) =>
      patch(kind, key, {
        verb: options.subresource === 'status' ? 'patch status of' : 'patch',
        body,
        contentType: 'application/merge-patch+json',
        status: options.subresource === 'status',
        query: options,
      }),

    async delete(kind, key, options = {}) {
      try {
        await caller.json({
          ...describeCall('delete', kind, key),
          method: 'DELETE',
          path: objectPath(kind, key),
          body: deleteBody(options),
          idempotent: true,
          signal: options.signal,
        });
        return true;
      } catch (error) {
        if (isNotFound(error) || isAnotherObject(error, options)) return false;
        throw error;
      }
    },
  };
}

function deleteBody(options: DeleteOptions): Record<string, unknown> {
  const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options;
  const preconditions = { uid, resourceVersion };
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy,
    gracePeriodSeconds,
    ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions }),
  };
}

/** Returns true if a delete failed because another object has the name: the object with the given uid was deleted already. */
function isAnotherObject(error: unknown, options: DeleteOptions): boolean {
  if (options.uid === undefined || options.resourceVersion !== undefined) return false;
  return isConflict(error) && /UID in (the )?precondition/.test(error.message);
}
