import { BEGIN, LOCKED, OPEN } from './opening.ts';
import { RESTIC, UNLOCK } from '../job/repository-job.ts';
import { RESTORE_ROOT } from './root-folder.ts';
import { REFUSED_EACH_TIME, reporting } from '../log/script-log.ts';

/** Exit code if the second pass finds the repository locked. It is none of the final ones. */
const LOCKED_LATER = 75;

/** restic's last message if it could not restore everything about some files. */
const ENDED = String.raw`^\{"message_type":"exit_error",.*There were [0-9]+ errors`;

/**
 * Restores as an ordinary user. restic sets the attributes of a file in the order of the snapshot, then its mode, and does not
 * report what such a user may not set. An access control list may take from the owner the right to write, without which no
 * attribute named `user.…` can be set. So the first pass restores everything but these lists, and the second one only adds them.
 *
 * The second pass skips contents and reports the totals. The errors that it repeats are dropped from the first one.
 *
 * A former attempt, another mover, or the first pass may have left files and folders that their owner may not read or write;
 * restic then could not replace a link or pipe. The pass resets their modes, so `open_up` may change them before.
 */
const RESTORE_AS_USER = `open_up() {
  trap 'exit 143' TERM
  find . -mindepth 1 -type d ! -perm -0700 -exec chmod u+rwx {} ';' 2> /dev/null & wait $! || true
  find . -mindepth 1 -type f ! -perm -0600 -exec chmod u+rw {} + 2> /dev/null & wait $! || true
}
restore_as_user() {
  open_up
  first=$(mktemp -u); mkfifo "$first"; ended=$(mktemp)
  exec 3<> "$first"
  LC_ALL=C awk -v ended="$ended" '
    /${REFUSED_EACH_TIME}/ { next }
    /${ENDED}/ { print > ended; next }
    { print; fflush() }' < "$first" >&2 3>&- & filter=$!
  code=0; restore --include-xattr 'user.*' "$@" 2> "$first" 3>&- || code=$?
  trap 'exit 143' TERM
  [ -z "\${stopped-}" ] || exit 143
  exec 3>&-; wait $filter
  [ $code -eq 0 ] || [ -s "$ended" ] || return $code
  open_up
  restore --include-xattr 'system.posix_acl_*' --overwrite if-changed "$@" || code=$?
  # A lock that persists is final before anything is restored. Here another attempt can succeed.
  [ $code -ne ${LOCKED} ] || code=${LOCKED_LATER}
  return $code
}`;

/**
 * `$1` is the snapshot, `$2` the recorded attributes of the volume's root folder; all further arguments are those of the restore.
 *
 * SELinux labels are set by the node, not restored. A mover that is not root cannot change the owner of files, and restic does
 * not report that, so the script counts the entries in the snapshot that belong to other users. Such a mover may not set every
 * extended attribute either; at the first refused attribute restic skips the others of that file without an error. So only
 * attributes that it may set are restored. No restic command lists the attributes in a snapshot, so the number of skipped ones is
 * unknown, and the result has to state that.
 */
export const RESTORE_SCRIPT = reporting(`${BEGIN}
code=0; ${OPEN} > /dev/null || code=$?
if [ $code -eq ${LOCKED} ]; then ${UNLOCK}
elif [ $code -ne 0 ]; then exit $code; fi
snapshot=$1; root=$2; shift 2
restore() { ${RESTIC} restore --target . --sparse --json "$@" -- "$snapshot" & await $!; }
${RESTORE_AS_USER}
code=0
if [ "$(id -u)" -eq 0 ]; then restore --exclude-xattr security.selinux "$@" || code=$?
else restic ls --no-lock --json -- "$snapshot" | awk -v uid="$(id -u)" -v gids=" $(id -G) " '
  !/"struct_type":"node"/ { next }
  match($0, /"uid":[0-9]+/) { owner = substr($0, RSTART + 6, RLENGTH - 6) }
  match($0, /"gid":[0-9]+/) { group = substr($0, RSTART + 6, RLENGTH - 6) }
  owner != uid || !index(gids, " " group " ") { if (!count++) first = $0 }
  END { if (count) printf "{\\"message_type\\":\\"owners\\",\\"count\\":%d,\\"first\\":%s}\\n", count, first }'
  echo '{"message_type":"attributes","set":"ordinary"}'
  restore_as_user "$@" || code=$?; fi
${RESTORE_ROOT}
exit $code`);
