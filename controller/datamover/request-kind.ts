import type { DataMoverClassSpec } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { Requests } from '../../api/datamover/v1alpha1/kinds.ts';
import type { RequestKind } from '../../api/datamover/v1alpha1/names.ts';
import type { InformerOptions } from '../../kube/cache/shared-informer.ts';
import type { Controller } from '../../kube/runtime/controller.ts';
import type { AnyRequestType } from '../../lifecycle/request/request-type.ts';
import type { Environment, Informers } from './environment.ts';

export type Limits = DataMoverClassSpec['limits'];

/** Everything that the process needs to serve one kind of requests. `kinds.ts` lists all kinds. */
export interface RequestKindDescriptor<K extends RequestKind = RequestKind> {
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
}

/** One descriptor per kind of requests. */
export type RequestKinds = { readonly [K in RequestKind]: RequestKindDescriptor<K> };
