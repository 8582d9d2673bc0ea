import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ClusterConfig } from './config.ts';
import { tokenFromFile } from './token-file.ts';
import type { TlsOptions } from './transport.ts';

interface Named {
  name: string;
}
interface KubeconfigCluster extends Named {
  cluster?: {
    server?: string;
    'certificate-authority'?: string;
    'certificate-authority-data'?: string;
    'insecure-skip-tls-verify'?: boolean;
    'tls-server-name'?: string;
    'proxy-url'?: string;
  };
}
interface KubeconfigUser extends Named {
  user?: {
    token?: string;
    tokenFile?: string;
    username?: string;
    password?: string;
    'client-certificate'?: string;
    'client-certificate-data'?: string;
    'client-key'?: string;
    'client-key-data'?: string;
    exec?: unknown;
    'auth-provider'?: unknown;
  };
}
interface KubeconfigContext extends Named {
  context?: { cluster?: string; user?: string; namespace?: string };
}
/** The parts of a kubeconfig file that are read here. */
interface Kubeconfig {
  'current-context'?: string;
  clusters?: KubeconfigCluster[] | null;
  users?: KubeconfigUser[] | null;
  contexts?: KubeconfigContext[] | null;
}
/** A kubeconfig file. Its relative paths start at the folder of `path`. */
interface Loaded {
  path: string;
  config: Kubeconfig;
}

/**
 * Loads certificates, tokens and basic auth from kubeconfig files. For users that need a program or an identity provider
 * (`exec`, `auth-provider`) it loads @kubernetes/client-node, which costs half a second of CPU.
 */
export async function loadKubeconfigFiles(paths: string[], contextName?: string): Promise<ClusterConfig> {
  const { server, cluster, user, namespace } = choose(await Promise.all(paths.map(loadFile)), contextName);
  const tls = await tlsOf(cluster, user);
  const base = { server, tls, ...(namespace === undefined ? {} : { namespace }) };
  const { exec, 'auth-provider': provider } = user.entry.user ?? {};
  if (exec !== undefined || provider !== undefined) {
    const { authorizeByPlugin } = await import('./auth-plugin.ts');
    const plugin = await authorizeByPlugin({ cluster: cluster.entry, user: user.entry });
    return { ...base, tls: { ...tls, ...plugin.tls }, authorization: plugin.authorization };
  }
  const authorization = authorizationOf(user);
  return authorization === undefined ? base : { ...base, authorization };
}

interface Choice {
  server: string;
  cluster: Found<KubeconfigCluster>;
  user: Found<KubeconfigUser>;
  namespace: string | undefined;
}

/** Returns the cluster, user and namespace of the context. */
function choose(files: Loaded[], contextName: string | undefined): Choice {
  const where = files.map(({ path }) => path).join(', ');
  const name = contextName ?? files.map(({ config }) => config['current-context']).find(Boolean);
  if (name === undefined) throw new Error(`${where}: no current-context is set`);
  const context = find(files, 'contexts', name, where).entry.context ?? {};
  const cluster = find(files, 'clusters', context.cluster, where);
  const user = find(files, 'users', context.user, where);
  const { server, 'proxy-url': proxy } = cluster.entry.cluster ?? {};
  if (server === undefined) throw new Error(`${where}: cluster "${cluster.entry.name}" has no server`);
  if (proxy !== undefined)
    throw new Error(`${where}: cluster "${cluster.entry.name}" has a proxy-url, which is not supported`);
  return { server, cluster, user, namespace: context.namespace };
}

interface Found<T> {
  entry: T;
  /** Folder of the file with the entry. */
  folder: string;
}

function find<L extends 'clusters' | 'users' | 'contexts'>(
  files: Loaded[],
  list: L,
  name: string | undefined,
  where: string,
): Found<NonNullable<Kubeconfig[L]>[number]> {
  for (const { path, config } of files) {
    const entry = config[list]?.find((one) => one.name === name);
    if (entry !== undefined) return { entry, folder: dirname(path) };
  }
  throw new Error(`${where}: "${name ?? ''}" is not among its ${list}`);
}

async function loadFile(path: string): Promise<Loaded> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`cannot read the kubeconfig ${path}`, { cause });
  });
  try {
    // JSON is YAML: a kubeconfig in JSON needs no YAML parser.
    const config = (text.trimStart().startsWith('{') ? JSON.parse(text) : await parseYaml(text)) as unknown;
    if (typeof config !== 'object' || config === null) throw new Error('it is empty');
    return { path, config };
  } catch (cause) {
    throw new Error(`the kubeconfig ${path} cannot be parsed`, { cause });
  }
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text) as unknown;
}

async function tlsOf(cluster: Found<KubeconfigCluster>, user: Found<KubeconfigUser>): Promise<TlsOptions> {
  const c = cluster.entry.cluster ?? {};
  const u = user.entry.user ?? {};
  const [ca, cert, key] = await Promise.all([
    dataOrFile(c['certificate-authority-data'], c['certificate-authority'], cluster.folder),
    dataOrFile(u['client-certificate-data'], u['client-certificate'], user.folder),
    dataOrFile(u['client-key-data'], u['client-key'], user.folder),
  ]);
  const servername = c['tls-server-name'];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(c['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}

async function dataOrFile(
  data: string | undefined,
  file: string | undefined,
  folder: string,
): Promise<Buffer | undefined> {
  if (data !== undefined) return Buffer.from(data, 'base64');
  return file === undefined ? undefined : readFile(resolve(folder, file));
}

function authorizationOf({ entry, folder }: Found<KubeconfigUser>): ClusterConfig['authorization'] {
  const { token, tokenFile, username, password } = entry.user ?? {};
  if (tokenFile !== undefined) return tokenFromFile(resolve(folder, tokenFile));
  if (token !== undefined) return async () => `Bearer ${token}`;
  if (username === undefined) return undefined;
  const basic = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  return async () => `Basic ${basic}`;
}
