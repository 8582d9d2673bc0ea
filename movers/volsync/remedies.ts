import type { Remedies } from '../restic-repository/access/repository-context.ts';

/**
 * Annotation of a namespace. With value "true", VolSync's movers in it run as root with the capabilities to read and restore
 * everything.
 */
export const PRIVILEGED_MOVERS = 'volsync.backube/privileged-movers';

export const remedies: Remedies = {
  privileges: `allow privileged movers in the protected namespace (annotation ${PRIVILEGED_MOVERS}: "true")`,
  space: 'raise config.cacheCapacity of the class',
};
