import type { Job, Pod } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type { ReplicationDestination, ReplicationSource } from '../../api/volsync/v1alpha1.ts';
import type { Lister } from '../../kube/cache/lister.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Creator } from '../../kube/runtime/creator.ts';
import type { Cleaner } from '../../kube/runtime/deleter.ts';
import type { TimeKeeper } from '../../lifecycle/request/time-limits.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { CredentialRotation } from '../restic-repository/access/credential-rotation.ts';
import type { Credentials } from '../restic-repository/access/credentials.ts';
import type { ResticRunner } from '../restic-repository/job/runner.ts';
import type { PodPrivileges } from '../restic-repository/job/volume-use.ts';
import type { PodLogs } from '../restic-repository/log/pod-logs.ts';
import type { Verifier } from '../restic-repository/verification/verify.ts';

/** Cached objects of the protected namespace that the mover reads. */
export interface VolSyncListers {
  sources: Lister<ReplicationSource>;
  destinations: Lister<ReplicationDestination>;
  jobs: Lister<Job>;
  /** Indexed by {@link JOB_INDEX}. */
  pods: Lister<Pod>;
  claims: Lister<Resource>;
}

/** Index of pods by the name of the Job that created them. */
export const JOB_INDEX = 'job';

export interface VolSyncDependencies {
  /** The protected namespace. */
  namespace: string;
  client: KubeClient;
  listers: VolSyncListers;
  podLogs: PodLogs;
  credentials: Credentials;
  resticRunner: ResticRunner;
  verifier: Verifier;
  access: PodPrivileges;
  rotation: CredentialRotation;
  creator: Creator;
  cleaner: Cleaner;
  now: () => Date;
  clock: Clock;
  /** Enqueues a request by the name of its children. */
  wake: (child: string) => void;
  log: Logger;
}

/** The dependencies and the state that the mover keeps in memory. */
export interface VolSync extends VolSyncDependencies {
  /** Per name of a request's children. */
  limits: TimeKeeper;
}
