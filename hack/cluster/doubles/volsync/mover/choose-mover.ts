import type { Replication, ResticSpec } from '../api.ts';

const MOVERS = ['restic', 'rclone', 'rsync', 'rsyncTLS', 'syncthing'] as const;

/** What a CR asks for. */
export type MoverChoice =
  | { kind: 'restic'; restic: ResticSpec }
  /** Left to somebody else; the status stays empty. */
  | { kind: 'external' };

/** Throws VolSync's words when no mover or too many are named; several are reported as none, as there. */
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
