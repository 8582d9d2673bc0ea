import {
  persistentVolumeClaims,
  pods,
  type PersistentVolumeClaim,
  type Pod,
} from '../api/kubernetes/core.ts';
import { formatKey, parseKey, type Key } from '../api/kubernetes/meta.ts';
import type { DataMoverClass } from '../api/datamover/v1alpha1/data-mover-class.ts';
import { dataMoverClasses } from '../api/datamover/v1alpha1/kinds.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { isNotFound } from '../kube/client/kube-error.ts';
import type { Clock } from '../kube/runtime/clock.ts';
import { collect } from './collect.ts';
import { PluginError } from './plugin-error.ts';
import { loadPolicies } from './policies/load-policies.ts';
import type { ResourcePolicies } from './policies/volume-policy.ts';
import { withPresentNames } from './present-names.ts';
import { retryTransient } from './retry.ts';
import { loadSettings, type Settings } from './settings.ts';
import { ttlCache } from './ttl-cache.ts';

/** The objects of one namespace that decide about claims and which of them belong together. */
export interface NamespaceContent {
  pods: readonly Pod[];
  claims: readonly PersistentVolumeClaim[];
}

/**
 * The cluster as the actions see it. A process serves one backup or restore, and the decision about a claim must be the same for
 * its volume, its snapshot and the claim itself. So the facts of the decision are read once; changes take effect in the next
 * process.
 */
export interface ClusterReader {
  readonly clock: Clock;
  /**
   * Connects on first use, because most processes only list their actions or poll one object. Requests that it returns have only
   * the present names of fields and values.
   */
  kube(): Promise<KubeClient>;
  /** Returns the settings of a protected namespace; read once. */
  settings(namespace: string): Promise<Settings>;
  /** Returns all classes; read once. */
  classes(): Promise<readonly DataMoverClass[]>;
  /** Returns the content of a namespace; up to a minute old. */
  content(namespace: string): Promise<NamespaceContent>;
  /** Returns the policies in a ConfigMap; read once, as Velero does. */
  policies(key: Required<Key>): Promise<ResourcePolicies>;
}

/** Lists of a whole namespace are expensive, and a backup visits its claims one after the other. */
const CONTENT_TTL_MS = 60_000;

export function createClusterReader(options: {
  clock: Clock;
  connect: () => Promise<KubeClient>;
}): ClusterReader {
  const { clock } = options;
  const once = { ttlMs: Infinity, clock };
  const connection = ttlCache(once, async () => withPresentNames(await options.connect()));
  const kube = (): Promise<KubeClient> => connection('');
  const read = <T>(load: (kube: KubeClient) => Promise<T>): Promise<T> =>
    retryTransient({ clock }, async () => load(await kube()));
  const settings = ttlCache(once, (namespace) => read((client) => loadSettings(client, namespace)));
  const classes = ttlCache(once, () => read(listClasses));
  const content = ttlCache({ ttlMs: CONTENT_TTL_MS, clock }, (namespace) =>
    read((client) => readNamespace(client, namespace)),
  );
  const policies = ttlCache(once, (text) =>
    read((client) => loadPolicies(client, parseKey(text) as Required<Key>)),
  );
  return {
    clock,
    kube,
    settings,
    classes: () => classes(''),
    content,
    policies: (key) => policies(formatKey(key)),
  };
}

async function readNamespace(kube: KubeClient, namespace: string): Promise<NamespaceContent> {
  const [foundPods, claims] = await Promise.all([
    collect(kube.list(pods, { namespace })),
    collect(kube.list(persistentVolumeClaims, { namespace })),
  ]);
  return { pods: foundPods, claims };
}

async function listClasses(kube: KubeClient): Promise<DataMoverClass[]> {
  try {
    return await collect(kube.list(dataMoverClasses));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new PluginError(
      `the data mover is on, but its CustomResourceDefinitions are not installed: apply config/default`,
      { cause: error },
    );
  }
}
