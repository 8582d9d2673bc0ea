import { down, restart, setVeleroFeatures, up, wipe } from './cluster.ts';
import { auditLog } from './components/control-plane.ts';
import { controllerMetrics } from './components/controller.ts';
import { CSI_DRIVER } from './components/csi.ts';
import { createContext } from './component.ts';
import { clusterExists, loadConfig } from './config.ts';
import { run } from './exec.ts';
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
  /** Runs Velero with these feature flags (comma-separated; none: an empty text) until the next `up`. */
  setVeleroFeatures(features: string, progress?: Progress): Promise<void>;
  status(): Promise<string>;
  /** Runs kubectl as the administrator; returns what it printed. @throws CommandError */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Runs the Velero CLI as the administrator; returns what it printed. @throws CommandError */
  velero(args: readonly string[]): Promise<string>;
}

/** The cluster with this name (default: the one the environment names). Starts nothing. */
export function loadCluster(options: ClusterOptions = {}): Cluster {
  const config = loadConfig(options);
  const context = createContext(config);
  const veleroEnv = { KUBECONFIG: config.paths.kubeconfig, NO_PROXY: '*' };
  return {
    config,
    kubeconfig: config.paths.kubeconfig,
    namespace: config.namespace,
    s3: config.s3,
    programs: {
      kubectl: context.program('kubernetes', 'kubectl'),
      velero: context.program('velero'),
      restic: context.program('restic'),
    },
    images: IMAGES,
    csiDriver: CSI_DRIVER,
    auditLog: auditLog(config),
    controllerMetrics: controllerMetrics(config),
    logs: config.paths.logs,
    exists: () => clusterExists(config),
    up: (progress = silentProgress) => up(config, progress),
    down: (progress = silentProgress) => down(config, progress),
    wipe: (progress = silentProgress) => wipe(config, progress),
    restart: (component, progress = silentProgress) => restart(config, component, progress),
    setVeleroFeatures: (features, progress = silentProgress) => setVeleroFeatures(config, features, progress),
    status: () => statusText(config),
    kubectl: context.kubectl,
    velero: (args) =>
      run(context.program('velero'), ['--namespace', config.namespace, ...args], { env: veleroEnv }),
  };
}
