/** How a restore treats a destination PVC that already has a volume. The first is the default. */
export const existingClaimPolicies = ['Fail', 'Overwrite'] as const;

export type ExistingClaimPolicy = (typeof existingClaimPolicies)[number];
