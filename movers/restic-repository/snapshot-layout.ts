/**
 * Host of every snapshot, the same as VolSync's; the path below is too. Movers find each other's snapshots by host and path, so
 * either can restore what the other has backed up, and the next backup by either finds its parent.
 */
export const HOST = 'volsync';

/** Path at which a mover mounts the volume. */
export const PATH = '/data';
