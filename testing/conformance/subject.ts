import type { FailureReason } from '../../api/datamover/v1alpha1/reasons.ts';
import type { MoverFactory } from '../../movers/factory.ts';
import type { VeleroLocation } from '../../movers/velero-location.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Volumes } from './volumes.ts';

/** A mover under test, and the cluster for the tests. */
export interface MoverUnderTest {
  /** Creates the mover, as the controller does. */
  install: MoverFactory;
  /** Client of the cluster. It needs connections for about twenty simultaneous calls, in addition to those of watches. */
  client: KubeClient;
  /**
   * Serves as the protected namespace. It contains the secrets that the configurations name and is used only by this suite: an
   * object that exists at the end and did not exist at the beginning was left by the mover.
   */
  namespace: string;
  /** `DataMoverClass.spec.config` for repositories that work and are empty. */
  config: Config;
  /**
   * The same repositories over a connection on which 16 MB take longer than {@link limitMs}, so that a backup can be canceled
   * during its upload. Absent: this is not tested.
   */
  slowConfig?: Config;
  /** Creates volumes in {@link namespace}, fills and reads them: `podVolumes`. */
  volumes: Volumes;
  /** `spec.config` for repositories that cannot be used; include at least a wrong password or key. */
  unusable: readonly UnusableAccess[];
  /** Values of secrets, which must not appear in any message or in any object other than a Secret. */
  secretValues: readonly string[];
  /**
   * StorageClass of volumes that the mover creates in addition to the staging volume. Default: undefined, the cluster's default.
   */
  storageClassName?: string;
  /**
   * Returns the ids of all snapshots in a repository, read by other means than the mover's. Each begins with the id that the
   * mover reports. Absent: snapshots cannot be counted.
   */
  snapshotsIn?(repositoryPath: string): Promise<string[]>;
  /** Returns where Velero's backups are, for movers that keep their data beside them. Default: an unknown location. */
  veleroLocation?(): Promise<VeleroLocation>;
  /** Number of cases that run at once. Default 5. */
  atOnce?: number;
  /** Maximum duration of one backup, restore, removal or cleanup, milliseconds. Default four minutes. */
  limitMs?: number;
}

/** `spec.config` of a DataMoverClass, before the mover parses it. */
export type Config = Readonly<Record<string, unknown>>;

/** A configuration with which the repository cannot be used. */
export interface UnusableAccess {
  /** What is wrong with it, for example `a wrong password`. */
  title: string;
  /** The configuration. */
  config: Config;
  /** Failure reasons that are accepted. */
  reasons: readonly FailureReason[];
  /**
   * True to create the repository first, with the configuration that works: a password can only be wrong for a repository that
   * exists.
   */
  needsRepository?: boolean;
}
