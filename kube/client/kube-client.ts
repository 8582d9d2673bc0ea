import type { Key, Kind, Resource } from '../../api/kubernetes/meta.ts';

/** Options of every call. */
export interface CallOptions {
  /** Cancels the call; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Objects per page, 500 unless given. */
  pageSize?: number;
  /** `"0"` lets the API server answer from its watch cache. */
  resourceVersion?: string;
}

/** One page of a list, as the reflector needs it. */
export interface ListPage<T extends Resource> {
  items: T[];
  resourceVersion: string;
  /** Absent on the last page. */
  continueToken?: string;
}

export interface WatchOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion: string;
  /** How long the server keeps the watch open. */
  timeoutSeconds: number;
  /** The watch is given up when not one byte (events and bookmarks included) came for this long. */
  idleTimeoutMs: number;
  /** Called when the server has accepted the watch, which may be long before the first event. */
  onOpen?: () => void;
}

/** One line of a watch. `ERROR` events surface as a thrown KubeError instead. */
export interface WatchEvent<T extends Resource> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

export interface ApplyOptions extends CallOptions {
  /** Take fields over from other managers. Default true, as controllers do. */
  force?: boolean;
  /** Default: the client's own field manager. A second name lets one process own two sets of fields. */
  fieldManager?: string;
}

export interface PatchOptions extends CallOptions {
  subresource?: 'status';
  fieldManager?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only this very object. */
  uid?: string;
  resourceVersion?: string;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

export interface PodLogOptions extends CallOptions {
  container?: string;
  /** Keep the stream open until the container ends. */
  follow?: boolean;
  tailLines?: number;
  /** RFC 3339; only younger lines. */
  sinceTime?: string;
  /** Prefix every line with its RFC 3339 time. */
  timestamps?: boolean;
}

/**
 * One cluster's API server. The only way the plugin, the controller and the command line reach Kubernetes;
 * always passed in, never global. Every method rejects with a `KubeError` (`kube/client/kube-error.ts`)
 * and gives up after the client's time limit per call (30 s unless set otherwise; watches and followed logs excepted).
 */
export interface KubeClient {
  /** `undefined` when the object does not exist. */
  get<T extends Resource>(kind: Kind<T>, key: Key, options?: CallOptions): Promise<T | undefined>;
  /** All objects, page by page. */
  list<T extends Resource>(kind: Kind<T>, options?: ListOptions): AsyncIterable<T>;
  listPage<T extends Resource>(
    kind: Kind<T>,
    options?: ListOptions & { continueToken?: string },
  ): Promise<ListPage<T>>;
  watch<T extends Resource>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Rejects with `isAlreadyExists` when the name is taken. */
  create<T extends Resource>(kind: Kind<T>, object: T, options?: CallOptions): Promise<T>;
  /**
   * Server-side apply of exactly the fields in `object`. A `metadata.resourceVersion` in it makes the call conditional
   * on the object being unchanged, but not on its being there: only a `metadata.uid` keeps it from being created anew.
   */
  apply<T extends Resource>(kind: Kind<T>, object: T, options?: ApplyOptions): Promise<T>;
  /** Server-side apply on the status subresource. */
  applyStatus<T extends Resource>(kind: Kind<T>, object: T, options?: ApplyOptions): Promise<T>;
  /** JSON merge patch (RFC 7386). A `metadata.resourceVersion` in it makes the call conditional. */
  mergePatch<T extends Resource>(
    kind: Kind<T>,
    key: Key,
    patch: Record<string, unknown>,
    options?: PatchOptions,
  ): Promise<T>;
  /** True when the object was there; deleting what is gone already is a success. */
  delete<T extends Resource>(kind: Kind<T>, key: Key, options?: DeleteOptions): Promise<boolean>;
  /** Lines of a container's log, without their line ends. */
  podLog(key: Key, options?: PodLogOptions): AsyncIterable<string>;
  close(): Promise<void>;
}
