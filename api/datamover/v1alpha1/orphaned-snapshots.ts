/** Maximum number of ids in `status.orphanedSnapshots`. Apart from its schema, because the plugin reads it before it loads schemas. */
export const MOST_SNAPSHOTS = 64;
