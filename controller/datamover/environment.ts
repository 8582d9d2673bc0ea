import type { Resource } from '../../api/kubernetes/meta.ts';
import type { Informer } from '../../kube/cache/shared-informer.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import type { VolumeListers } from '../../volumes/volume-access.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Requests } from '../../api/datamover/v1alpha1/kinds.ts';
import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Mover } from '../../movers/mover.ts';
import type { Admission } from '../../lifecycle/admission/admission.ts';
import type { Cleaner } from '../../kube/runtime/deleter.ts';
import type { Creator } from '../../kube/runtime/creator.ts';
import type { RequestObserver } from '../../lifecycle/observe/observer.ts';
import type { Vocabulary } from '../../lifecycle/request/loop.ts';
import type { Reporter } from '../../lifecycle/observe/reporter.ts';
import type { Records } from './restore/records.ts';

/** Caches of all kinds of requests: `backups`, `restores` and so on. */
export type RequestListers = { [K in RequestKind as `${K}s`]: Lister<Requests[K]> };

/** Caches, one per kind, over all namespaces unless the descriptor of a kind limits it. */
export interface Listers extends VolumeListers, RequestListers {
  classes: Lister<DataMoverClass>;
}

/** The informers that fill the {@link Listers}. */
export type Informers = { [K in keyof Listers]: Informer<ItemOf<Listers[K]>> };

type ItemOf<L> = L extends { list(): (infer T)[] } ? (T extends Resource ? T : never) : never;

/** Index of DataMoverBackups by the {@link shortID} of the snapshot in their result. */
export const SNAPSHOT_INDEX = 'snapshot';

/** Index of unfinished requests by the name of their class, or by '' if they have no class yet. */
export const CLASS_INDEX = 'class';

/** The dependencies of the reconcilers. `createDataMover` or a test creates them once. */
export interface Environment {
  client: KubeClient;
  /** The protected namespace, where Velero runs. */
  namespace: string;
  /** Namespace and name of this controller's Lease, as in `status.servedBy` of requests. */
  self: string;
  /** Folder of this cluster's repositories. */
  clusterName: string;
  listers: Listers;
  records: Records;
  /** Keyed by `DataMoverClass.spec.mover`. */
  movers: ReadonlyMap<string, Mover>;
  reporter: Reporter;
  observers: readonly RequestObserver[];
  vocabulary: Vocabulary;
  creator: Creator;
  cleaner: Cleaner;
  admission: Admission;
  /** Wall time, for timestamps. */
  now: () => Date;
  /** For durations. */
  clock: Clock;
}
