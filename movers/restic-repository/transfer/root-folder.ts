import type { RootFolder } from '../../mover.ts';

/**
 * The root folder of a volume is in no snapshot: movers save what is in it. So its owner, mode and time travel in the record of the
 * backup, whichever mover made that, and are given to the root of the restored volume once the contents are there.
 */

/** A shell reports those of the working directory. The time is in seconds, which is what busybox can set. */
export const DESCRIBE_ROOT = `stat -c '{"message_type":"root","mode":"%a","uid":%u,"gid":%g,"mtime":%Y}' .`;

/** A shell gives the working directory what `$root` describes, and reports what it may not change. */
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

/** As {@link RESTORE_ROOT} takes it; empty where nothing is recorded. */
export function rootArgument(root: RootFolder | undefined): string {
  if (root === undefined) return '';
  const seconds = Math.floor(Date.parse(root.time) / 1000);
  return [root.mode, root.uid, root.gid, seconds].map(String).join(':');
}

/** What a report of {@link DESCRIBE_ROOT} says; undefined where it is none. */
export function rootIn(report: Readonly<Record<string, unknown>>): RootFolder | undefined {
  const { mode, uid, gid, mtime } = report;
  if (typeof mode !== 'string' || typeof uid !== 'number' || typeof gid !== 'number') return undefined;
  return { mode, uid, gid, time: new Date(Number(mtime) * 1000).toISOString() };
}
