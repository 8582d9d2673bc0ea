import type { Condition } from './conditions.ts';
import type { PolicyVolume } from './policy-volume.ts';

export const policyActions = ['skip', 'fs-backup', 'snapshot', 'custom'] as const;
export type PolicyAction = (typeof policyActions)[number];

/** One of the volume policies of a backup. */
export interface VolumePolicy {
  /** For messages: its index and its ConfigMap. */
  origin: string;
  meets: Condition;
  action: PolicyAction;
  parameters: Readonly<Record<string, unknown>>;
}

/** The parts of Velero's resource policies in a ConfigMap that decide about volumes. */
export interface ResourcePolicies {
  volumes: readonly VolumePolicy[];
  filters: ResourceFilters;
}

/** Kinds of namespaced objects that a backup includes or excludes, in addition to its own spec. */
export interface ResourceFilters {
  included: readonly string[];
  excluded: readonly string[];
  /** True if filters for single namespaces (`namespacedFilterPolicies`, Velero 1.18.3) exist too, which are not read here. */
  perNamespace: boolean;
}

export const noPolicies: ResourcePolicies = {
  volumes: [],
  filters: { included: [], excluded: [], perNamespace: false },
};

/** Returns the policy for the volume: the first in the order of the file whose conditions it meets. */
export function matchPolicy(
  policies: readonly VolumePolicy[],
  volume: PolicyVolume,
): VolumePolicy | undefined {
  return policies.find(({ meets }) => meets(volume));
}
