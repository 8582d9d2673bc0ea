import type { Condition } from './conditions.ts';
import type { PolicyVolume } from './policy-volume.ts';

export const policyActions = ['skip', 'fs-backup', 'snapshot', 'custom'] as const;
export type PolicyAction = (typeof policyActions)[number];

/** One of the volume policies of a backup. */
export interface VolumePolicy {
  /** For messages: its place and its home. */
  origin: string;
  meets: Condition;
  action: PolicyAction;
  parameters: Readonly<Record<string, unknown>>;
}

/** What a ConfigMap with Velero's resource policies says, as far as it decides about volumes. */
export interface ResourcePolicies {
  volumes: readonly VolumePolicy[];
  filters: ResourceFilters;
}

/** Kinds of namespaced objects that a backup takes or leaves out, beside what its own spec says. */
export interface ResourceFilters {
  included: readonly string[];
  excluded: readonly string[];
  /** True when there are also filters for single namespaces (`namespacedFilterPolicies`, Velero 1.18.3), which are not read here. */
  perNamespace: boolean;
}

export const noPolicies: ResourcePolicies = {
  volumes: [],
  filters: { included: [], excluded: [], perNamespace: false },
};

/** The policy that decides about the volume: the first in the order of the file whose conditions it meets. */
export function matchPolicy(
  policies: readonly VolumePolicy[],
  volume: PolicyVolume,
): VolumePolicy | undefined {
  return policies.find(({ meets }) => meets(volume));
}
