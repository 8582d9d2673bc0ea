/**
 * Kubernetes: a client for one API server, and caches of its objects.
 *
 * @packageDocumentation
 */
export type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ListPage,
  PatchOptions,
  PodLogOptions,
  WatchEvent,
  WatchOptions,
} from './client/kube-client.ts';
export {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  isTransient,
  KubeError,
} from './client/kube-error.ts';
export { loadKubeConfig } from './client/config.ts';
export type { ClusterConfig, LoadKubeConfigOptions } from './client/config.ts';
export { createKubeClient } from './client/http-kube-client.ts';
export { createInformerSet } from './cache/informer-set.ts';
export type { InformerSet } from './cache/informer-set.ts';
export type { ChangeHandler, Informer, InformerOptions } from './cache/shared-informer.ts';
export type { Indexer, ReadonlyStore } from './cache/store.ts';
export type { Clock } from './runtime/clock.ts';
