import type { DataMoverClass } from '../api/v1alpha1/data-mover-class.ts';
import { dataMoverClasses } from '../api/v1alpha1/kinds.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { isNotFound } from '../kube/client/kube-error.ts';
import type { Clock } from '../kube/runtime/clock.ts';
import { collect } from './collect.ts';
import { PluginError } from './plugin-error.ts';
import { loadSettings, type Settings } from './settings.ts';
import { ttlCache } from './ttl-cache.ts';

/** The cluster as the actions see it. */
export interface Cluster {
  readonly clock: Clock;
  /** Connects on first use: most processes only list their actions, or poll one object. */
  kube(): Promise<KubeClient>;
  /** Of a protected namespace; up to ten seconds old. */
  settings(namespace: string): Promise<Settings>;
  /** All of them; up to ten seconds old. */
  classes(): Promise<readonly DataMoverClass[]>;
}

/** Within one backup the switch and the classes hardly change; ten seconds is as stale as a poll. */
const TTL_MS = 10_000;

export function createCluster(options: { clock: Clock; connect: () => Promise<KubeClient> }): Cluster {
  const { clock } = options;
  const keep = { ttlMs: TTL_MS, clock };
  const connection = ttlCache({ ttlMs: Infinity, clock }, options.connect);
  const kube = (): Promise<KubeClient> => connection('');
  const settings = ttlCache(keep, async (namespace) => loadSettings(await kube(), namespace));
  const classes = ttlCache(keep, async () => listClasses(await kube()));
  return { clock, kube, settings, classes: () => classes('') };
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
