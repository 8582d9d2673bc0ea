import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { homedir, networkInterfaces } from 'node:os';

/** Options of a caller; all have defaults. */
export interface ClusterOptions {
  /** Default: `CLUSTER_NAME`, else `datamover`. At most 20 lower-case letters, digits and dashes. */
  readonly name?: string;
  /** The folder of all clusters. Default: `DATAMOVER_CLUSTER_DIR`, else `/var/lib/datamover-cluster`. */
  readonly baseDir?: string;
  /** The folder of built tools. Default: `$XDG_CACHE_HOME/datamover`, else `~/.cache/datamover`. */
  readonly cacheDir?: string;
  /** Velero's feature flags, comma-separated, e.g. `EnableCSI`. Default: `VELERO_FEATURES`, else none. */
  readonly veleroFeatures?: string;
  /** The namespace of Velero and our controller. Default: `VELERO_NAMESPACE`, else `velero`. */
  readonly veleroNamespace?: string;
}

export interface ClusterConfig {
  readonly name: string;
  readonly dir: string;
  readonly baseDir: string;
  readonly cacheDir: string;
  /** The checkout that contains this code, the plugin, the controller and the doubles. */
  readonly checkout: string;
  readonly nodeName: string;
  readonly namespace: string;
  readonly veleroFeatures: string;
  /** Port of the controller's metrics, on the node's address. */
  readonly metricsPort: number;
  readonly cgroupRoot: string;
  readonly network: NetworkConfig;
  readonly paths: ClusterPaths;
  readonly s3: S3Config;
}

export interface NetworkConfig {
  /** A small number that is unique on the machine; all addresses of the cluster derive from it. */
  readonly index: number;
  readonly netns: string;
  readonly netnsPath: string;
  readonly hostLink: string;
  readonly nodeLink: string;
  readonly hostIp: string;
  readonly nodeIp: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The address of the Service `kubernetes`. The API server itself listens on it, so no kube-proxy is needed. */
  readonly apiServiceIp: string;
  readonly apiUrl: string;
}

export interface ClusterPaths {
  readonly logs: string;
  readonly pids: string;
  readonly pki: string;
  readonly bin: string;
  readonly kubeconfig: string;
  readonly etcd: string;
  readonly containerd: string;
  readonly containerdSocket: string;
  readonly cni: string;
  readonly kubelet: string;
  readonly csi: string;
  readonly velero: string;
  readonly controller: string;
  readonly s3: string;
  readonly s3Accounts: string;
}

export interface S3Config {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** An account that can neither use nor create buckets. */
  readonly stranger: { readonly accessKey: string; readonly secretKey: string };
  readonly buckets: { readonly velero: string; readonly datamover: string };
}

const NAME = /^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/;
const INDEX_LIMIT = 200;
const METRICS_PORT = 8087;
/** A socket's path is limited to 107 bytes, and the longest one below a cluster's folder takes 59. */
const DIR_LIMIT = 48;

/**
 * Returns the settings of one cluster: from disk if they exist there, else computed. Writes nothing.
 * @throws Error if the name is invalid
 */
export function loadConfig(
  options: ClusterOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): ClusterConfig {
  const { name, baseDir, cacheDir, veleroFeatures, veleroNamespace } = { ...defaults(env), ...options };
  if (!NAME.test(name)) {
    throw new Error(
      `CLUSTER_NAME ${JSON.stringify(name)}: must be 1 to 20 lower-case letters, digits and dashes, with no dash at either end`,
    );
  }
  const dir = join(resolve(baseDir), name);
  if (Buffer.byteLength(dir) > DIR_LIMIT) {
    throw new Error(
      `${dir}: longer than ${DIR_LIMIT} bytes, and the sockets below it would be longer than the kernel allows; set DATAMOVER_CLUSTER_DIR to a shorter path`,
    );
  }
  const network = networkOf(name, readIndex(dir) ?? freeIndex(resolve(baseDir)));
  return {
    name,
    dir,
    baseDir: resolve(baseDir),
    cacheDir,
    checkout: resolve(import.meta.dirname, '../..'),
    nodeName: `${name}-node`,
    namespace: veleroNamespace,
    veleroFeatures,
    metricsPort: METRICS_PORT,
    cgroupRoot: `/dm-${name}`,
    network,
    paths: pathsOf(dir),
    s3: s3Of(network),
  };
}

/**
 * Returns the settings of another installation in the cluster: a Velero and a controller with a separate namespace and separate
 * buckets.
 */
export function furtherInstallation(config: ClusterConfig, namespace: string): ClusterConfig {
  const own = (name: string): string => `${name}-${namespace}`;
  const { buckets } = config.s3;
  return {
    ...config,
    namespace,
    metricsPort: config.metricsPort + 1,
    paths: { ...config.paths, controller: own(config.paths.controller) },
    s3: { ...config.s3, buckets: { velero: own(buckets.velero), datamover: own(buckets.datamover) } },
  };
}

function defaults(env: NodeJS.ProcessEnv): Required<ClusterOptions> {
  // An empty variable counts as not set.
  const setting = (name: string, fallback: string): string =>
    (env[name] === '' ? undefined : env[name]) ?? fallback;
  return {
    name: setting('CLUSTER_NAME', 'datamover'),
    baseDir: setting('DATAMOVER_CLUSTER_DIR', '/var/lib/datamover-cluster'),
    cacheDir: join(setting('XDG_CACHE_HOME', join(homedir(), '.cache')), 'datamover'),
    veleroFeatures: setting('VELERO_FEATURES', ''),
    veleroNamespace: setting('VELERO_NAMESPACE', 'velero'),
  };
}

function s3Of({ hostIp }: NetworkConfig): S3Config {
  return {
    endpoint: `http://${hostIp}:9000`,
    region: 'us-east-1',
    accessKey: 'datamover',
    secretKey: 'datamover-secret',
    stranger: { accessKey: 'stranger', secretKey: 'stranger-secret' },
    buckets: { velero: 'velero', datamover: 'datamover' },
  };
}

/** Returns the path of the file with a cluster's index. */
export function indexFile(dir: string): string {
  return join(dir, 'index');
}

/**
 * Writes the cluster's index, which marks the cluster as existing. Call it under a lock.
 * @throws Error if another cluster has taken the index since this one's settings were computed
 */
export function claimIndex({ dir, baseDir, network, name }: ClusterConfig): void {
  if (readIndex(dir) === network.index) return;
  if (freeIndex(baseDir) !== network.index) {
    throw new Error(
      `cluster ${name}: another one has taken its subnet at the same moment; repeat the command`,
    );
  }
  writeFileSync(indexFile(dir), `${network.index}\n`);
}

/** Reports whether `up` has been run for this cluster and `down` has not. */
export function clusterExists(config: ClusterConfig): boolean {
  return readIndex(config.dir) !== undefined;
}

/** Returns the addresses and names that derive from the cluster's name and index. */
export function networkOf(name: string, index: number): NetworkConfig {
  const nodeIp = `10.213.${index}.2`;
  return {
    index,
    netns: `dm-${name}`,
    netnsPath: `/run/netns/dm-${name}`,
    // The kernel allows 15 characters, so the name contains the index instead of the cluster's name.
    hostLink: `dm${index}-host`,
    nodeLink: `dm${index}-node`,
    hostIp: `10.213.${index}.1`,
    nodeIp,
    podCidr: `10.214.${index}.0/24`,
    serviceCidr: `10.215.${index}.0/24`,
    apiServiceIp: `10.215.${index}.1`,
    apiUrl: `https://${nodeIp}:443`,
  };
}

function pathsOf(dir: string): ClusterPaths {
  const at = (path: string): string => join(dir, path);
  return {
    logs: at('logs'),
    pids: at('pids'),
    pki: at('pki'),
    bin: at('bin'),
    kubeconfig: at('kubeconfig'),
    etcd: at('etcd'),
    containerd: at('containerd'),
    containerdSocket: at('containerd/containerd.sock'),
    cni: at('cni'),
    kubelet: at('kubelet'),
    csi: at('csi'),
    velero: at('velero'),
    controller: at('controller'),
    s3: at('s3'),
    s3Accounts: at('s3-accounts'),
  };
}

function readIndex(dir: string): number | undefined {
  try {
    const index = Number(readFileSync(indexFile(dir), 'utf8').trim());
    return Number.isInteger(index) && index > 0 && index < INDEX_LIMIT ? index : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the lowest index that no cluster in this folder and no interface of this machine uses. */
function freeIndex(baseDir: string): number {
  const names = existsSync(baseDir) ? readdirSync(baseDir) : [];
  const taken = new Set(names.map((name) => readIndex(join(baseDir, name))));
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  for (let index = 1; index < INDEX_LIMIT; index++) {
    const used = addresses.some(({ address }) => address.startsWith(`10.213.${index}.`));
    if (!taken.has(index) && !used) return index;
  }
  throw new Error(`${baseDir}: no subnet is left for another cluster; take one down first`);
}
