import type { CrdDefinition } from '../api/schema/crd.ts';
import type { InformerSet } from '../kube/cache/informer-set.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import type { Runnable } from '../kube/manager.ts';
import type { EventRecorder } from '../kube/status/events.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ControllerConfig } from './config.ts';

/** What the process provides to each product. */
export interface ProductDependencies {
  client: KubeClient;
  informerSet: InformerSet;
  recorder: EventRecorder;
  /** Name of the controller's Lease. */
  name: string;
  /** Folder of this cluster's repositories. */
  clusterName: string;
  config: ControllerConfig;
  log: Logger;
  metrics: Metrics;
}

/** A product: kinds of custom resources, and what serves them. `products.ts` lists the products. */
export interface Product {
  name: string;
  /** The process does not start until these are installed. */
  crds: readonly CrdDefinition[];
  /** Creates its controllers and everything else that the leader runs. The caches start later. */
  setup(deps: ProductDependencies): readonly Runnable[];
}
