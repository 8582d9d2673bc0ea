/** What may happen to a destination PVC that has a volume already. The first is the default. */
export const existingClaimPolicies = ['Fail', 'Overwrite'] as const;

export type ExistingClaimPolicy = (typeof existingClaimPolicies)[number];
