import { configMaps, type ConfigMap } from '../api/kubernetes/core.ts';
import { dataProtectionApplications, type DataProtectionApplication } from '../api/velero/v1.ts';
import { formatKey, keyOf } from '../api/kubernetes/meta.ts';
import { pluginConfig } from '../api/datamover/v1alpha1/keys.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { listOrNone } from './collect.ts';
import { PluginError } from './plugin-error.ts';

/** Whether the data mover is enabled, and which object decided it. */
export interface Settings {
  enabled: boolean;
  /** For messages: the object and the field that decided. */
  origin: string;
}

/** Returns how to enable the data mover in a protected namespace, for messages. */
export function howToEnable(namespace: string): string {
  return (
    `set spec.features.dataMover.enable: true in the DataProtectionApplication of namespace ${namespace}, or, without OADP, ` +
    `data.enable: "true" in a ConfigMap there with the labels ${pluginConfig.label}: "" and ${pluginConfig.name}: BackupItemActionV2`
  );
}

/**
 * Loads the only switch: the DataProtectionApplication if OADP is installed and sets it, else the ConfigMap that follows Velero's
 * convention for plugins. If neither exists, the data mover is disabled.
 */
export async function loadSettings(kube: KubeClient, namespace: string): Promise<Settings> {
  return (
    settingsOfApplications(await listOrNone(kube, dataProtectionApplications, { namespace })) ??
    settingsOfConfigMaps(
      await listOrNone(kube, configMaps, {
        namespace,
        labelSelector: `${pluginConfig.label},${pluginConfig.name}`,
      }),
    ) ?? {
      enabled: false,
      origin: `no configuration enables it in namespace ${namespace}`,
    }
  );
}

export function settingsOfApplications(
  applications: readonly DataProtectionApplication[],
): Settings | undefined {
  for (const application of applications) {
    const { features, dataMoverEnable } = application.spec;
    const where = `DataProtectionApplication ${formatKey(keyOf(application))}`;
    if (features?.dataMover?.enable !== undefined)
      return { enabled: features.dataMover.enable, origin: `spec.features.dataMover.enable of ${where}` };
    if (dataMoverEnable !== undefined)
      return { enabled: dataMoverEnable, origin: `spec.dataMoverEnable of ${where}` };
  }
  return undefined;
}

export function settingsOfConfigMaps(found: readonly ConfigMap[]): Settings | undefined {
  const [configMap, second] = found;
  if (configMap === undefined) return undefined;
  if (second !== undefined) {
    const names = found
      .map((one) => formatKey(keyOf(one)))
      .sort()
      .join(', ');
    throw new PluginError(
      `several ConfigMaps carry the labels ${pluginConfig.label} and ${pluginConfig.name} (${names}); keep one`,
    );
  }
  const where = `ConfigMap ${formatKey(keyOf(configMap))}`;
  const value = configMap.data?.enable?.trim();
  if (value !== 'true' && value !== 'false') {
    const found = value === undefined ? 'is missing' : `is "${value}"`;
    throw new PluginError(`data.enable of ${where} ${found}; it must be "true" or "false"`);
  }
  return { enabled: value === 'true', origin: `data.enable of ${where}` };
}
