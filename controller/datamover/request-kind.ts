import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Requests } from '../../api/datamover/v1alpha1/kinds.ts';
import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { Kind } from '../../api/kubernetes/meta.ts';
import type { InformerOptions } from '../../kube/cache/shared-informer.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Controller } from '../../kube/runtime/controller.ts';
import type { AnyRequestType } from '../../lifecycle/request/request-type.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Environment, Informers, Listers } from './environment.ts';

export type Limits = DataMoverClassSpec['limits'];

/** The dependencies of one round of the janitor. */
export interface SweepRound {
  client: KubeClient;
  listers: Pick<Listers, 'claims'>;
  /** The protected namespace, where Velero runs. */
  namespace: string;
  now: Date;
  log: Logger;
  signal: AbortSignal;
}

/** Everything that the process needs to serve one kind of requests. `kinds.ts` lists all kinds. */
export interface RequestKindDescriptor<K extends RequestKind = RequestKind> {
  /** Its coordinates in the API. */
  kind: Kind<Requests[K]>;
  /** True if its requests are in the protected namespace; otherwise they are in those of applications. */
  isProtected: boolean;
  /** How its requests are cached. The indexes that all kinds have are added. */
  cache: Pick<InformerOptions<Requests[K]>, 'transform' | 'indexers'>;
  /** Returns how many may run per class. */
  perClass(limits: Limits): number;
  /** Returns how many may run per class and node. Absent: no limit, because its requests use no volume. */
  perNode?(limits: Limits): number;
  /** Creates its request type: the steps and the status. */
  create(env: Environment): AnyRequestType;
  /** Enqueues requests when other objects change. The request itself, its children and its class are watched already. */
  watch?(informers: Informers, controller: Controller): void;
  /**
   * Cancels or deletes requests that are no longer needed. The janitor passes those that this controller serves, every few
   * minutes.
   */
  sweep?: (round: SweepRound, requests: readonly Requests[K][]) => Promise<void>;
}

/** One descriptor per kind of requests. */
export type RequestKinds = { readonly [K in RequestKind]: RequestKindDescriptor<K> };
