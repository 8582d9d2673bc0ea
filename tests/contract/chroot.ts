export interface Chroot {
  readonly root: string;
  /** `uid:gid` */
  readonly user: string;
  /** Mounts /proc, as in every pod; default true. */
  readonly withProc?: boolean;
}

/**
 * Returns a command, to be followed by a program and its arguments, that runs it with another root folder. /proc is mounted in a
 * mount namespace of the process, so that it disappears with the process. @throws Error without root
 */
export function inChroot({ root, user, withProc = true }: Chroot): [string, ...string[]] {
  if (process.getuid?.() !== 0) {
    throw new Error('this test gives a process another root folder, which needs root: run it with sudo -E');
  }
  const mount = withProc ? 'mount -t proc proc "$root/proc" && ' : '';
  const script = `root=$1 user=$2; shift 2; ${mount}exec chroot --userspec="$user" "$root" "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, user];
}
