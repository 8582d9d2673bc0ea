import type { InformerSet } from '../kube/cache/informer-set.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import type { Clock } from '../kube/runtime/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Cleaner } from '../kube/runtime/deleter.ts';
import type { Creator } from '../kube/runtime/creator.ts';
import type { Mover } from './mover.ts';

/** Sends a HEAD request to a URL. Returns the HTTP status, or rejects with an error that has a `code`. */
export type Reach = (
  url: string,
  options: { authority: string | undefined; signal: AbortSignal },
) => Promise<number>;

/** What the controller passes to a mover. */
export interface MoverDependencies {
  client: KubeClient;
  informers: InformerSet;
  /** The protected namespace. */
  namespace: string;
  creator: Creator;
  cleaner: Cleaner;
  now: () => Date;
  clock: Clock;
  /** Enqueues a request, by the name of its children. */
  wake: (child: string) => void;
  log: Logger;
  /** Used to check that an object store responds. Default: over the network. */
  reach?: Reach | undefined;
}

/** Creates a mover for one cluster. */
export type MoverFactory = (deps: MoverDependencies) => Mover;
