import type { RootFolder } from '../../mover.ts';

/**
 * Owner, mode and time of a volume's root folder. No snapshot contains them, because movers save the contents of the folder. So
 * the record of the backup contains them, whichever mover created it, and the restore sets them after the contents.
 */

/** Reports the attributes of the working directory. The time is in whole seconds, because busybox can set no others. */
export const DESCRIBE_ROOT = `stat -c '{"message_type":"root","mode":"%a","uid":%u,"gid":%g,"mtime":%Y}' .`;

/** Sets the attributes in `$root` on the working directory and reports those that it may not set. */
export const RESTORE_ROOT = `restore_root() {
  refused=
  [ "$(stat -c %u:%g .)" = "$2:$3" ] || chown "$2:$3" . || refused=" owner"
  [ "$(stat -c %a .)" = "$1" ] || chmod "$1" . || refused="$refused mode"
  touch -c -d "@$4" . || refused="$refused time"
  printf '{"message_type":"root restored","refused":"%s"}\\n' "\${refused# }"
}
if [ -n "$root" ]; then
  # shellcheck disable=SC2046
  restore_root $(printf %s "$root" | tr : ' ')
fi`;

/** Returns the argument for {@link RESTORE_ROOT}; empty if nothing is recorded. */
export function rootArgument(root: RootFolder | undefined): string {
  if (root === undefined) return '';
  const seconds = Math.floor(Date.parse(root.time) / 1000);
  return [root.mode, root.uid, root.gid, seconds].map(String).join(':');
}

/** Parses a report of {@link DESCRIBE_ROOT}; undefined if it is none. */
export function rootIn(report: Readonly<Record<string, unknown>>): RootFolder | undefined {
  const { mode, uid, gid, mtime } = report;
  if (typeof mode !== 'string' || typeof uid !== 'number' || typeof gid !== 'number') return undefined;
  return { mode, uid, gid, time: new Date(Number(mtime) * 1000).toISOString() };
}
