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

/** The policy that decides about the volume: the first in the order of the file whose conditions it meets. */
export function matchPolicy(
  policies: readonly VolumePolicy[],
  volume: PolicyVolume,
): VolumePolicy | undefined {
  return policies.find(({ meets }) => meets(volume));
}
