import { configMaps } from '../../api/external/core.ts';
import type { Backup } from '../../api/external/velero.ts';
import { formatKey, type Key } from '../../api/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { PluginError } from '../plugin-error.ts';
import type { VolumePolicy } from './volume-policy.ts';

/** Where the volume policies of a backup are; `undefined` when it has none. */
export function policiesKeyOf(backup: Backup): Required<Key> | undefined {
  const { resourcePolicy } = backup.spec;
  if (resourcePolicy?.kind.toLowerCase() !== 'configmap') return undefined;
  return { namespace: backup.metadata.namespace ?? '', name: resourcePolicy.name };
}

/** Reads them. Whatever is wrong with them is an error that names the ConfigMap: nothing is guessed. */
export async function loadPolicies(kube: KubeClient, key: Required<Key>): Promise<VolumePolicy[]> {
  const where = `ConfigMap ${formatKey(key)}`;
  const configMap = await kube.get(configMaps, key);
  if (configMap === undefined)
    throw new PluginError(
      `${where}, which spec.resourcePolicy of the Backup names, does not exist; create it, or leave --resource-policies-configmap out`,
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
