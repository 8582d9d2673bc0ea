import type { Remedies } from '../restic-repository/access/repository-context.ts';

/** Namespaces where it says "true" give VolSync's movers the capabilities of a root that may read and restore everything. */
export const PRIVILEGED_MOVERS = 'volsync.backube/privileged-movers';

export const remedies: Remedies = {
  privileges: `allow privileged movers in the protected namespace (annotation ${PRIVILEGED_MOVERS}: "true")`,
  space: 'raise config.cacheCapacity of the class',
};
