import { BEGIN, LOCKED, OPEN } from './opening.ts';
import { RESTIC, UNLOCK } from '../job/repository-job.ts';
import { RESTORE_ROOT } from './root-folder.ts';
import { reporting } from '../log/script-log.ts';

/**
 * `$1` is the snapshot, `$2` what is recorded of the volume's root folder; all further arguments are those of the restore. Labels
 * of SELinux are the node's to give. A mover that is not root cannot give files away, and restic does not report it: what belongs
 * to others in the snapshot is counted here. Nor may it set every extended attribute; restic gives up on a file's others at the
 * first that is refused, without an error. So only those that it may set are tried. No command of restic lists attributes of a
 * snapshot, so how many others there are is not known, and the result has to say so.
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
