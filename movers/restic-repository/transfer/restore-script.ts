import { BEGIN, LOCKED, OPEN } from './opening.ts';
import { RESTIC, UNLOCK } from '../job/repository-job.ts';
import { RESTORE_ROOT } from './root-folder.ts';
import { reporting } from '../log/script-log.ts';

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
if [ "$(id -u)" -eq 0 ]; then set -- --exclude-xattr security.selinux "$@"
else restic ls --no-lock --json -- "$snapshot" | awk -v uid="$(id -u)" -v gids=" $(id -G) " '
  !/"struct_type":"node"/ { next }
  match($0, /"uid":[0-9]+/) { owner = substr($0, RSTART + 6, RLENGTH - 6) }
  match($0, /"gid":[0-9]+/) { group = substr($0, RSTART + 6, RLENGTH - 6) }
  owner != uid || !index(gids, " " group " ") { if (!count++) first = $0 }
  END { if (count) printf "{\\"message_type\\":\\"owners\\",\\"count\\":%d,\\"first\\":%s}\\n", count, first }'
  echo '{"message_type":"attributes","set":"ordinary"}'
  set -- --include-xattr 'user.*' --include-xattr 'system.posix_acl_*' "$@"; fi
${RESTIC} restore --target . --sparse --json "$@" -- "$snapshot" & restore=$!
code=0; await $restore || code=$?
${RESTORE_ROOT}
exit $code`);
