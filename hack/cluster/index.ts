import { down, restart, setVeleroFeatures, stop, up, wipe } from './cluster.ts';
import { auditLog } from './components/control-plane.ts';
import { controllerMetrics } from './components/controller.ts';
import { CSI_DRIVER } from './components/csi.ts';
import { createContext } from './component.ts';
import { clusterExists, furtherInstallation, loadConfig } from './config.ts';
import { run } from './exec.ts';
import { addInstallation, removeInstallation, startController, stopController } from './installation.ts';
import { IMAGES } from './images.ts';
import { silentProgress } from './progress.ts';
import { statusText } from './status.ts';
import type { ClusterConfig, ClusterOptions } from './config.ts';
import type { Progress } from './progress.ts';

export { createProgress } from './progress.ts';
export type { Progress } from './progress.ts';
export type { ClusterConfig, ClusterOptions } from './config.ts';
export { IMAGES } from './images.ts';

/** One embedded cluster, for tests and the demo. */
export interface Cluster {
  readonly config: ClusterConfig;
  readonly kubeconfig: string;
  /** The namespace of Velero, of our controller and of the credentials. */
  readonly namespace: string;
  readonly s3: ClusterConfig['s3'];
  /** Paths of programs for people and tests. */
  readonly programs: { readonly kubectl: string; readonly velero: string; readonly restic: string };
  readonly images: typeof IMAGES;
  readonly csiDriver: string;
  /** The file in which the API server notes every request, one JSON object per line. */
  readonly auditLog: string;
  /** Where the controller answers `/metrics`, as `host:port`. */
  readonly controllerMetrics: string;
  readonly logs: string;
  exists(): boolean;
  up(progress?: Progress): Promise<void>;
  down(progress?: Progress): Promise<void>;
  /** Loses everything but the S3 data; `up` then makes a new cluster beside the same buckets. */
  wipe(progress?: Progress): Promise<void>;
  restart(component: string, progress?: Progress): Promise<void>;
  /** Stops a process until `restart` or `up` starts it again. */
  stop(component: string, progress?: Progress): Promise<void>;
  /** Runs Velero with these feature flags (comma-separated; none: an empty text) until the next `up`. */
  setVeleroFeatures(features: string, progress?: Progress): Promise<void>;
  status(): Promise<string>;
  /** Runs kubectl as the administrator; returns what it printed. @throws CommandError */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Runs the Velero CLI as the administrator; returns what it printed. @throws CommandError */
  velero(args: readonly string[]): Promise<string>;
  /** A further Velero with our plugin and a controller of its own in the cluster. Starts nothing. */
  installation(namespace: string): Installation;
}

/**
 * A further installation, in a namespace of its own, with buckets of its own. What docs/two-installations.md has the
 * administrator apply must be there before it is started.
 */
export interface Installation extends Pick<
  Cluster,
  'config' | 'namespace' | 's3' | 'controllerMetrics' | 'velero'
> {
  /** Starts what does not run of it: Velero and the controller. */
  start(progress?: Progress): Promise<void>;
  startController(progress?: Progress): Promise<void>;
  stopController(progress?: Progress): Promise<void>;
  /** Removes its namespace, its ClusterRoleBindings and its buckets, and ends its controller. */
  remove(progress?: Progress): Promise<void>;
}

/** The cluster with this name (default: the one the environment names). Starts nothing. */
export function loadCluster(options: ClusterOptions = {}): Cluster {
  const config = loadConfig(options);
  const context = createContext(config);
  return {
    ...seenFrom(config),
    kubeconfig: config.paths.kubeconfig,
    programs: {
      kubectl: context.program('kubernetes', 'kubectl'),
      velero: context.program('velero'),
      restic: context.program('restic'),
    },
    images: IMAGES,
    csiDriver: CSI_DRIVER,
    auditLog: auditLog(config),
    logs: config.paths.logs,
    exists: () => clusterExists(config),
    up: (progress = silentProgress) => up(config, progress),
    down: (progress = silentProgress) => down(config, progress),
    wipe: (progress = silentProgress) => wipe(config, progress),
    restart: (component, progress = silentProgress) => restart(config, component, progress),
    stop: (component, progress = silentProgress) => stop(config, component, progress),
    setVeleroFeatures: (features, progress = silentProgress) => setVeleroFeatures(config, features, progress),
    status: () => statusText(config),
    kubectl: context.kubectl,
    installation: (namespace) => installationOf(furtherInstallation(config, namespace)),
  };
}

function installationOf(config: ClusterConfig): Installation {
  return {
    ...seenFrom(config),
    start: (progress = silentProgress) => addInstallation(config, progress),
    startController: (progress = silentProgress) => startController(config, progress),
    stopController: (progress = silentProgress) => stopController(config, progress),
    remove: (progress = silentProgress) => removeInstallation(config, progress),
  };
}

/** What each installation of a cluster has of its own. */
function seenFrom(
  config: ClusterConfig,
): Pick<Cluster, 'config' | 'namespace' | 's3' | 'controllerMetrics' | 'velero'> {
  const program = createContext(config).program('velero');
  const env = { KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' };
  return {
    config,
    namespace: config.namespace,
    s3: config.s3,
    controllerMetrics: controllerMetrics(config),
    velero: (args) => run(program, ['--namespace', config.namespace, ...args], { env }),
  };
}
