import type { Replication, ResticSpec } from '../api.ts';

const MOVERS = ['restic', 'rclone', 'rsync', 'rsyncTLS', 'syncthing'] as const;

/** The mover that a CR selects. */
export type MoverChoice =
  | { kind: 'restic'; restic: ResticSpec }
  /** Handled by another controller; the status stays empty. */
  | { kind: 'external' };

/** Throws with VolSync's message if the CR selects no mover or several; as in VolSync, several are reported as none. */
export function chooseMover({ spec = {} }: Replication): MoverChoice {
  const named = MOVERS.filter((mover) => spec[mover] !== undefined);
  if (spec.external !== undefined) {
    if (named.length === 0) return { kind: 'external' };
    throw new Error('only one replication method can be supplied');
  }
  if (named.length !== 1) {
    throw new Error(
      'a replication method must be specified - enabled movers: [rclone restic rsync rsync-tls syncthing]',
    );
  }
  if (spec.restic === undefined)
    throw new Error(`this double of VolSync has no mover ${named.join()}, only restic`);
  return { kind: 'restic', restic: spec.restic };
}
