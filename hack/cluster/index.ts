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
  /** Paths of programs for users and tests. */
  readonly programs: { readonly kubectl: string; readonly velero: string; readonly restic: string };
  readonly images: typeof IMAGES;
  readonly csiDriver: string;
  /** The audit log: every request to the API server, one JSON object per line. */
  readonly auditLog: string;
  /** Address of the controller's `/metrics`, as `host:port`. */
  readonly controllerMetrics: string;
  readonly logs: string;
  exists(): boolean;
  up(progress?: Progress): Promise<void>;
  down(progress?: Progress): Promise<void>;
  /** Deletes everything except the S3 data; `up` then creates a new cluster that uses the same buckets. */
  wipe(progress?: Progress): Promise<void>;
  restart(component: string, progress?: Progress): Promise<void>;
  /** Stops a process until `restart` or `up` starts it again. */
  stop(component: string, progress?: Progress): Promise<void>;
  /** Runs Velero with these feature flags (comma-separated; an empty string for none) until the next `up`. */
  setVeleroFeatures(features: string, progress?: Progress): Promise<void>;
  status(): Promise<string>;
  /** Runs kubectl as the administrator and returns its output. @throws CommandError */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Runs the Velero CLI as the administrator and returns its output. @throws CommandError */
  velero(args: readonly string[]): Promise<string>;
  /** Returns another Velero with our plugin and its own controller in the cluster. Starts nothing. */
  installation(namespace: string): Installation;
}

/**
 * Another installation, with its own namespace and buckets. Before you start it, apply the objects that docs/two-installations.md
 * lists.
 */
export interface Installation extends Pick<
  Cluster,
  'config' | 'namespace' | 's3' | 'controllerMetrics' | 'velero'
> {
  /** Starts Velero and the controller if they do not run. */
  start(progress?: Progress): Promise<void>;
  startController(progress?: Progress): Promise<void>;
  stopController(progress?: Progress): Promise<void>;
  /** Deletes its namespace, its ClusterRoleBindings and its buckets, and stops its controller. */
  remove(progress?: Progress): Promise<void>;
}

/** Returns the cluster with this name (default: from the environment). Starts nothing. */
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

/** Returns the parts of the interface that each installation of a cluster has. */
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
