import type { InformerSet } from '../../kube/cache/informer-set.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Cleaner } from '../request/cleaner.ts';
import type { Creator } from '../request/creation.ts';
import type { Mover } from './mover.ts';

/** What a mover is given to work with. */
export interface MoverDependencies {
  client: KubeClient;
  informers: InformerSet;
  /** The protected namespace. */
  namespace: string;
  creator: Creator;
  cleaner: Cleaner;
  now: () => Date;
  clock: Clock;
  /** Asks for another look at a request, by the name of its children. */
  wake: (child: string) => void;
  log: Logger;
}

/** Sets a mover up for one cluster. */
export type MoverFactory = (deps: MoverDependencies) => Mover;
