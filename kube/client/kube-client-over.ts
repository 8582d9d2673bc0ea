import {
  apiVersionOf,
  formatKey,
  type Key,
  type Kind,
  keyOf,
  type Resource,
} from '../../api/kubernetes/meta.ts';
import { type Call, type Caller, createCaller } from './caller.ts';
import type { ClusterConfig } from './config.ts';
import type { ApplyOptions, DeleteOptions, KubeClient, ListOptions, ListPage } from './kube-client.ts';
import { isConflict, isGone, isNotFound } from './kube-error.ts';
import { collectionPath, objectPath, queryString } from './resource-path.ts';
import { followLog, openWatch } from './streams.ts';
import type { OpenTransport, Transport } from './transport.ts';

export interface KubeClientOptions {
  /** Field manager that the API server records for the writes of this client. */
  fieldManager: string;
  /** Time limit of one call, retries included. Default 30 s. */
  timeoutMs?: number;
  /** Connections shared by all calls. Default 3. Each watch and followed log has one more. */
  maxConnections?: number;
  /** Attempts after the first one, for calls that may be repeated. Default 3. */
  maxRetries?: number;
  /** Default: the field manager. */
  userAgent?: string;
}

const DEFAULT_PAGE_SIZE = 500;

/** Creates a client for the cluster in `config` over any transport. */
export function createKubeClientOver(
  openTransport: OpenTransport,
  config: ClusterConfig,
  options: KubeClientOptions,
): KubeClient {
  const server = new URL(config.server);
  const prefix = server.pathname.replace(/\/$/, '');
  const transport = openTransport({
    origin: server.origin,
    tls: config.tls,
    maxConnections: options.maxConnections ?? 3,
  });
  const caller = createCaller({
    transport: withPrefix(transport, prefix),
    ...(config.authorization === undefined ? {} : { authorization: config.authorization }),
    userAgent: options.userAgent ?? options.fieldManager,
    timeoutMs: options.timeoutMs ?? 30_000,
    maxRetries: options.maxRetries ?? 3,
  });
  const verbs = createVerbs(caller, options.fieldManager);
  return {
    ...verbs,
    watch: (kind, watchOptions) =>
      openWatch(caller, kind, { ...watchOptions, headersMs: options.timeoutMs ?? 30_000 }),
    podLog: (key, logOptions = {}) =>
      followLog(caller, key, { ...logOptions, limitMs: options.timeoutMs ?? 30_000 }),
    close: () => transport.close(),
  };
}

type Verbs = Omit<KubeClient, 'watch' | 'podLog' | 'close'>;

function createVerbs(caller: Caller, fieldManager: string): Verbs {
  const send = async <T extends Resource>(call: Call): Promise<T> => (await caller.json(call)) as T;

  const listPage: KubeClient['listPage'] = async <T extends Resource>(
    kind: Kind<T>,
    options: ListOptions & { continueToken?: string } = {},
  ): Promise<ListPage<T>> => {
    const page = (await caller.json({
      ...describe('list', kind, options.namespace === undefined ? undefined : { name: options.namespace }),
      method: 'GET',
      path: collectionPath(kind, options.namespace) + queryString(listQuery(options)),
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

  const patch = <T extends Resource>(
    kind: Kind<T>,
    key: Key,
    how: { verb: string; body: unknown; contentType: string; status: boolean; query: ApplyOptions },
  ): Promise<T> =>
    send<T>({
      ...describe(how.verb, kind, key),
      method: 'PATCH',
      path:
        objectPath(kind, key, how.status ? 'status' : undefined) +
        queryString({ fieldManager: how.query.fieldManager ?? fieldManager, force: how.query.force }),
      body: how.body,
      contentType: how.contentType,
      idempotent: true,
      signal: how.query.signal,
    });

  const apply = <T extends Resource>(kind: Kind<T>, object: T, options: ApplyOptions, status: boolean) =>
    patch(kind, keyOf(object), {
      verb: status ? 'apply status of' : 'apply',
      body: withType(kind, object),
      contentType: 'application/apply-patch+yaml',
      status,
      query: { ...options, force: options.force ?? true },
    });

  return {
    listPage,
    list: (kind, options = {}) => listAll(listPage, kind, options),

    async get(kind, key, options = {}) {
      try {
        return await send({
          ...describe('get', kind, key),
          method: 'GET',
          path: objectPath(kind, key),
          idempotent: true,
          signal: options.signal,
        });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },

    async create(kind, object, options = {}) {
      return send({
        ...describe('create', kind, keyOf(object)),
        method: 'POST',
        path: collectionPath(kind, object.metadata.namespace) + queryString({ fieldManager }),
        body: withType(kind, object),
        idempotent: false,
        signal: options.signal,
      });
    },

    apply: async (kind, object, options = {}) => apply(kind, object, options, false),
    applyStatus: async (kind, object, options = {}) => apply(kind, object, options, true),

    mergePatch: async (kind, key, body, options = {}) =>
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
          ...describe('delete', kind, key),
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

function describe(verb: string, kind: Kind<Resource>, key: Key | undefined) {
  return { verb, kind: kind.kind, ...(key === undefined ? {} : { key: formatKey(key) }) };
}

/** Adds apiVersion and kind: items of a list lack them, applied objects need them. */
export function withType<T extends Resource>(kind: Kind<T>, object: T): T {
  const apiVersion = apiVersionOf(kind);
  if (object.apiVersion === apiVersion && object.kind === kind.kind) return object;
  return { ...object, apiVersion, kind: kind.kind };
}

/** Adds the path of a server behind one, for example a proxy for several clusters: `https://host/k8s/clusters/c-1`. */
function withPrefix(transport: Transport, prefix: string): Transport {
  if (prefix === '') return transport;
  return { ...transport, send: (request) => transport.send({ ...request, path: prefix + request.path }) };
}
