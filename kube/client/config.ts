import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { loadKubeconfigFiles } from './kubeconfig.ts';
import { tokenFromFile } from './token-file.ts';
import type { TlsOptions } from './transport.ts';

/** The address of a cluster's API server, and the credentials for it. */
export interface ClusterConfig {
  /** `https://host:port`, with a path if the server is behind one. */
  server: string;
  tls: TlsOptions;
  /** Returns the `Authorization` header; `fresh` skips a cached token, after an error 401. */
  authorization?: (fresh: boolean) => Promise<string | undefined>;
  /** The namespace of this pod (in-cluster) or of the context (kubeconfig). */
  namespace?: string;
}

export interface LoadKubeConfigOptions {
  /** Path of a kubeconfig file; takes precedence over all other sources. */
  kubeconfig?: string;
  /** Context of the kubeconfig, default its current one. */
  context?: string;
  /** Default `process.env`; only `KUBECONFIG` and `KUBERNETES_SERVICE_*` are read. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Mount path of the pod's service account. */
  serviceAccountDir?: string;
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the cluster as controller-runtime does, from the first of: the given file, `KUBECONFIG`, the pod's service account,
 * `~/.kube/config`. In a cluster it reads two small files and loads no further module.
 *
 * @throws Error that names the file, the field and the remedy.
 */
export async function loadKubeConfig(options: LoadKubeConfigOptions = {}): Promise<ClusterConfig> {
  const env = options.env ?? process.env;
  const files = options.kubeconfig === undefined ? pathsOf(env.KUBECONFIG) : [options.kubeconfig];
  if (files.length > 0) return loadKubeconfigFiles(files, options.context);

  const directory = options.serviceAccountDir ?? SERVICE_ACCOUNT_DIR;
  const address = serviceAddress(env);
  if (address !== undefined && existsSync(join(directory, 'token'))) return inCluster(address, directory);

  const home = join(homedir(), '.kube', 'config');
  if (existsSync(home)) return loadKubeconfigFiles([home], options.context);
  throw new Error(
    'no cluster is configured: pass --kubeconfig, set KUBECONFIG, run in a pod with a service account, or create ~/.kube/config',
  );
}

const pathsOf = (list: string | undefined): string[] =>
  (list ?? '').split(delimiter).filter((path) => path !== '');

/** Returns `host:port` of the API server from the environment variables that the kubelet sets in every pod. */
function serviceAddress(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined || host === '') return undefined;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function inCluster(address: string, directory: string): Promise<ClusterConfig> {
  const [ca, namespace] = await Promise.all([
    readFile(join(directory, 'ca.crt'), 'utf8'),
    readFile(join(directory, 'namespace'), 'utf8').catch(() => undefined),
  ]);
  return {
    server: `https://${address}`,
    tls: { ca },
    authorization: tokenFromFile(join(directory, 'token')),
    ...(namespace === undefined ? {} : { namespace: namespace.trim() }),
  };
}
