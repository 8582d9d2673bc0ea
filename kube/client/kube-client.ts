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
  /** Objects per page. Default 500. */
  pageSize?: number;
  /** `"0"` allows the API server to answer from its watch cache. */
  resourceVersion?: string;
}

/** One page of a list. */
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
  /** The watch ends with an error if no byte (event or bookmark) arrives for this long. */
  idleTimeoutMs: number;
  /** Called when the server has accepted the watch, possibly long before the first event. */
  onOpen?: () => void;
}

/** One event of a watch. `ERROR` events are thrown as a KubeError. */
export interface WatchEvent<T extends Resource> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

export interface ApplyOptions extends CallOptions {
  /** Take fields over from other field managers. Default true, as controllers do. */
  force?: boolean;
  /** Default: the client's own field manager. With a second name one process owns two sets of fields. */
  fieldManager?: string;
}

export interface PatchOptions extends CallOptions {
  subresource?: 'status';
  fieldManager?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only the object with this uid. */
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
  /** RFC 3339; returns only newer lines. */
  sinceTime?: string;
  /** Prefix every line with its RFC 3339 time. */
  timestamps?: boolean;
}

/**
 * A client for one cluster. Plugin, controller and command line access Kubernetes only through it; it is always passed in,
 * never global. Every method rejects with a `KubeError` (`kube/client/kube-error.ts`) and has a time limit per call (default 30
 * s; watches and followed logs have none).
 */
export interface KubeClient {
  /** Returns the object, or `undefined` if it does not exist. */
  get<T extends Resource>(kind: Kind<T>, key: Key, options?: CallOptions): Promise<T | undefined>;
  /** Lists all objects, page by page. */
  list<T extends Resource>(kind: Kind<T>, options?: ListOptions): AsyncIterable<T>;
  listPage<T extends Resource>(
    kind: Kind<T>,
    options?: ListOptions & { continueToken?: string },
  ): Promise<ListPage<T>>;
  watch<T extends Resource>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Creates an object. Rejects with `isAlreadyExists` if the name is taken. */
  create<T extends Resource>(kind: Kind<T>, object: T, options?: CallOptions): Promise<T>;
  /**
   * Applies exactly the fields in `object` (server-side apply). A `metadata.resourceVersion` makes the call fail if the object
   * has changed, but not if it was deleted: only a `metadata.uid` prevents that it is created again.
   */
  apply<T extends Resource>(kind: Kind<T>, object: T, options?: ApplyOptions): Promise<T>;
  /** Applies the status subresource (server-side apply). */
  applyStatus<T extends Resource>(kind: Kind<T>, object: T, options?: ApplyOptions): Promise<T>;
  /** Sends a JSON merge patch (RFC 7386). A `metadata.resourceVersion` in it makes the call conditional. */
  mergePatch<T extends Resource>(
    kind: Kind<T>,
    key: Key,
    patch: Record<string, unknown>,
    options?: PatchOptions,
  ): Promise<T>;
  /** Returns true if the object existed. An object that does not exist is no error. */
  delete<T extends Resource>(kind: Kind<T>, key: Key, options?: DeleteOptions): Promise<boolean>;
  /** Reads the lines of a container's log, without line ends. */
  podLog(key: Key, options?: PodLogOptions): AsyncIterable<string>;
  close(): Promise<void>;
}
