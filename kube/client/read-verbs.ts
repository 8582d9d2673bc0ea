import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';
import { describeCall } from './call.ts';
import type { Caller } from './caller.ts';
import type { CallOptions, KubeClient, ListOptions, ListPage } from './kube-client.ts';
import { isGone, isNotFound } from './kube-error.ts';
import { collectionPath, objectPath, queryString } from './resource-path.ts';
import { withType } from './with-type.ts';

const DEFAULT_PAGE_SIZE = 500;

/** The verbs of the client that read once. */
export type ReadVerbs = Pick<KubeClient, 'get' | 'list' | 'listPage'>;

export function createReadVerbs(caller: Caller): ReadVerbs {
  const listPage: KubeClient['listPage'] = async <T extends Resource>(
    kind: Kind<T>,
    options: ListOptions & { continueToken?: string } = {},
  ): Promise<ListPage<T>> => {
    const { namespace } = options;
    const page = (await caller.json({
      ...describeCall('list', kind, namespace === undefined ? undefined : { name: namespace }),
      method: 'GET',
      path: collectionPath(kind, namespace) + queryString(listQuery(options)),
      idempotent: true,
      signal: options.signal,
    })) as { metadata?: { resourceVersion?: string; continue?: string }; items?: T[] | null };
    const continueToken = page.metadata?.continue;
    return {
      items: (page.items ?? []).map((item) => withType(kind, item)),
      resourceVersion: page.metadata?.resourceVersion ?? '',
      ...(continueToken === undefined || continueToken === '' ? {} : { continueToken }),
    };
  };

  return {
    listPage,
    list: (kind, options = {}) => listAll(listPage, kind, options),

    async get<T extends Resource>(kind: Kind<T>, key: Key, options: CallOptions = {}) {
      try {
        const object = await caller.json({
          ...describeCall('get', kind, key),
          method: 'GET',
          path: objectPath(kind, key),
          idempotent: true,
          signal: options.signal,
        });
        return object as T;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
  };
}

async function* listAll<T extends Resource>(
  listPage: KubeClient['listPage'],
  kind: Kind<T>,
  options: ListOptions,
): AsyncGenerator<T> {
  let token: string | undefined;
  do {
    let page: ListPage<T>;
    try {
      page = await listPage(kind, token === undefined ? options : { ...options, continueToken: token });
    } catch (error) {
      // The list became too old between two pages; the server returns a token that continues with the current state.
      const fresh = isGone(error) ? error.status?.metadata?.continue : undefined;
      if (token === undefined || fresh === undefined || fresh === '') throw error;
      token = fresh;
      continue;
    }
    yield* page.items;
    token = page.continueToken;
  } while (token !== undefined);
}

function listQuery(options: ListOptions & { continueToken?: string }) {
  const goesOn = options.continueToken !== undefined;
  return {
    limit: options.pageSize ?? DEFAULT_PAGE_SIZE,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    continue: options.continueToken,
    // A token includes its resourceVersion; the API server rejects both together.
    resourceVersion: goesOn ? undefined : options.resourceVersion,
  };
}
