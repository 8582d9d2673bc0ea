import { configMaps } from '../../api/kubernetes/core.ts';
import type { Backup } from '../../api/velero/v1.ts';
import { formatKey, type Key } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { PluginError } from '../plugin-error.ts';
import type { ResourcePolicies } from './volume-policy.ts';

/**
 * Annotation of a Backup: the ConfigMap whose volume policies Velero adds to every backup
 * (`--global-backup-volume-policies-configmap` of its server, 1.18.3 and later).
 */
const GLOBAL_POLICIES = 'velero.io/global-backup-volume-policy-configmap';

/** Returns the ConfigMaps with the policies of a backup: its own, and the global ones. */
export function policiesKeysOf({ spec, metadata }: Backup): Partial<Record<'own' | 'global', Required<Key>>> {
  const { namespace = '', annotations = {} } = metadata;
  const own = spec.resourcePolicy?.kind.toLowerCase() === 'configmap' ? spec.resourcePolicy.name : undefined;
  const global = annotations[GLOBAL_POLICIES];
  return {
    ...(own !== undefined && { own: { namespace, name: own } }),
    ...(global !== undefined && { global: { namespace, name: global } }),
  };
}

/** Loads the policies. Any problem is an error that names the ConfigMap; nothing is guessed. */
export async function loadPolicies(kube: KubeClient, key: Required<Key>): Promise<ResourcePolicies> {
  const where = `ConfigMap ${formatKey(key)}`;
  const configMap = await kube.get(configMaps, key);
  if (configMap === undefined)
    throw new PluginError(
      `${where}, which holds volume policies of the Backup, does not exist; create it, or leave --resource-policies-configmap out`,
    );
  const texts = Object.values(configMap.data ?? {});
  const [text] = texts;
  if (text === undefined || texts.length > 1)
    throw new PluginError(
      `${where} must have exactly one key with the volume policies, and has ${String(texts.length)}`,
    );
  const { parsePolicies } = await import('./parse-policies.ts');
  return parsePolicies(text, where);
}
