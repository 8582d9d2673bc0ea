import type { FailureReason } from '../../api/datamover/v1alpha1/reasons.ts';
import type { MoverFactory } from '../../movers/factory.ts';
import type { VeleroLocation } from '../../movers/velero-location.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Volumes } from './volumes.ts';

/** A mover that is to be tried, and the cluster in which it can be. */
export interface MoverUnderTest {
  /** Sets the mover up, as the controller would. */
  install: MoverFactory;
  /** Of the cluster. It needs a connection for each of some twenty calls at once; watches have their own. */
  client: KubeClient;
  /**
   * Stands for the protected namespace. It holds the secrets that the configurations name and is used by this suite alone:
   * what is found in it at the end, and was not there at the beginning, the mover has left behind.
   */
  namespace: string;
  /** `DataMoverClass.spec.config` for repositories that work and in which nothing is yet. */
  config: Config;
  /**
   * The same repositories by a way on which 16 MB take longer than {@link limitMs}, so that a backup can be canceled in the middle of its
   * upload. Absent: that is not tried.
   */
  slowConfig?: Config;
  /** Makes volumes in {@link namespace}, fills and reads them: `podVolumes`. */
  volumes: Volumes;
  /** `spec.config` for repositories that cannot be used; one for a wrong password or key is the least. */
  unusable: readonly UnusableAccess[];
  /** Values of secrets, which must appear in no object but a Secret, and in no message. */
  secretValues: readonly string[];
  /** The StorageClass for what the mover makes beside the staging volume. Default: undefined, the cluster's default. */
  storageClassName?: string;
  /**
   * Ids of all snapshots in a repository, seen by other means than the mover's. They begin with those that the mover reports.
   * Absent: it keeps none that could be counted.
   */
  snapshotsIn?(repositoryPath: string): Promise<string[]>;
  /** Where Velero's backups are, for movers that keep their data beside them. Default: nobody knows. */
  veleroLocation?(): Promise<VeleroLocation>;
  /** How many cases are tried at once. Default 5. */
  atOnce?: number;
  /** How long one backup, restore, removal or clean-up may take at most. Default four minutes. */
  limitMs?: number;
}

/** As `spec.config` of a DataMoverClass says it, before the mover has parsed it. */
export type Config = Readonly<Record<string, unknown>>;

/** A way to a repository that does not lead there. */
export interface UnusableAccess {
  /** What is wrong with it, e.g. `a wrong password`. */
  title: string;
  /** What leads there. */
  config: Config;
  /** The reasons that a user may be told. */
  reasons: readonly FailureReason[];
  /** Makes the repository beforehand, with the configuration that works: a password can only be wrong for one that exists. */
  needsRepository?: boolean;
}
