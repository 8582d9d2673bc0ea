/**
 * How snapshots are marked in every repository of ours: the host and the path that VolSync gives them. A mover finds the
 * snapshots of another by them, so either restores what the other has backed up, and a further backup by either finds its parent.
 */
export const HOST = 'volsync';

/** Where a mover mounts the volume. */
export const PATH = '/data';
