import { READ_ID } from '../../restic-repository/identity.ts';
import { HOST, PATH } from '../../restic-repository/layout.ts';
import { OWN_FOLDER } from '../../restic-repository/lost-and-found.ts';
import { RESTIC, UNLOCK } from '../../restic-repository/repository-job.ts';
import { DESCRIBE_ROOT, RESTORE_ROOT } from '../../restic-repository/root-folder.ts';
import { reporting } from '../../restic-repository/script-log.ts';

/**
 * What a shell does before restic works. restic gets SIGTERM then, and removes its lock. Before that
 * the shell gets it, and ends when the restic that it has started has. What is found is reported in lines like restic's own.
 *
 * Every start of a restic costs half a second for the key alone, so where a repository is as it should be there are only two.
 */
const BEGIN = `set -e -o pipefail
trap 'exit 143' TERM
cd ${PATH}`;

/**
 * restic tries for a quarter of an hour what will not be any better: wrong keys, a host that does not exist. It prints each
 * error, so a minute is enough to know it.
 */
const OPEN = 'timeout 60 restic cat config';

/** restic's exit code where another process has a lock that it waits for. */
const LOCKED = 11;

/** A lock that keeps restic out may be stale. */
const OPEN_ANYWAY = `${OPEN} --no-lock > /dev/null`;

/** One line each. */
const OPEN_KEYS = 'timeout 60 restic list keys --no-lock';

const TWO_KEYS = 'Fatal: another one has made the repository at the same time: it has more than one key';

/**
 * `$1` is the tag of this very request, which finds what earlier pods have saved already; all further
 * arguments are those of the backup. How such a pod ended may be lost with its node, and its snapshot lack what it could not
 * read: so restic goes over the volume again, which is quick, and saves only where that makes a difference.
 *
 * Of two that make a repository on S3 at the same time, both succeed. Each has put a key there, and the config that comes last is the
 * one that stays, though the other one may have opened the former and be saving what nobody will be able to read. In one cluster
 * requests take turns at a repository, and pods at a request; two clusters of one name do not. So who has made a repository and
 * saved in it waits as long as it takes to make one, and looks whether it has one key. If not, another pod finds out what is left.
 *
 * The id of the repository is read beside the backup. A removal compares it later; without it, the record names none.
 *
 * The first look finds out whether there is a repository that can be opened, is not locked and tells its snapshots soon. Where
 * it is not so, step by step: the steps say again what was wrong, and nothing that is right by then.
 */
export const BACKUP_SCRIPT = reporting(`${BEGIN}
${OWN_FOLDER}
tag=$1; shift
own=; if own_folder; then own=lost+found; fi
first=$(find . -mindepth 1 -maxdepth 1 ! -type s ! -name "$own" -print -quit)
sockets=$(mktemp)
{ find . -type s -print0 2> /dev/null || true; } | tr -dc '\\0' | wc -c > "$sockets" & counting=$!
report() {
  wait $counting
  printf '{"message_type":"left out","sockets":%d,"sealed":%s}\\n' "$(cat "$sockets")" $sealed
}
identity=$(mktemp)
identify() {
  wait $identifying || return 0
  printf '{"message_type":"repository","id":"%s"}\\n' "$(< "$identity" ${READ_ID})"
}
${DESCRIBE_ROOT}
if [ -z "$first" ]; then echo '{"message_type":"empty"}'; report; exit 0; fi
look() { "$@" snapshots --json --host ${HOST} --path ${PATH} --tag "$tag"; }
code=0; saved=$(look timeout 20 restic 2> /dev/null) || code=$?
made=
if [ $code -eq 10 ]; then
  code=0; restic init || code=$?
  if [ $code -ne 0 ]; then ${OPEN_ANYWAY} 2> /dev/null || exit $code; fi
  sleep 2 & made=$!
elif [ $code -ne 0 ]; then ${OPEN_ANYWAY}; ${UNLOCK}; saved=$(look ${RESTIC}); fi
case $saved in *'"id"'*) printf '%s\\n' "$saved"; set -- --skip-if-unchanged "$@";; esac
if [ -n "$own" ]; then set -- "--exclude=${PATH}/$own" "$@"; fi
${OPEN} --no-lock > "$identity" 2> /dev/null & identifying=$!
${RESTIC} backup --json --host ${HOST} --tag "$tag" "$@" -- . & backup=$!
code=0; await $backup || code=$?
[ $code -eq 0 ] || exit $code
report
identify
[ -n "$made" ] || exit 0
wait "$made"
keys=$(${OPEN_KEYS})
case $keys in *[[:space:]]*) echo '${TWO_KEYS}' >&2; exit 1;; esac`);

/**
 * `$1` is the snapshot, `$2` what is recorded of the volume's root folder; all further arguments are those of the restore. Labels
 * of SELinux are the node's to give. A mover that is not root cannot give files away, and restic does not report it: what belongs
 * to others in the snapshot is counted here. Nor may it set every extended attribute; restic gives up on a file's others at the
 * first that is refused, without an error.
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
  set -- --include-xattr 'user.*' --include-xattr 'system.posix_acl_*' "$@"; fi
${RESTIC} restore --target . --sparse --json "$@" -- "$snapshot" & restore=$!
code=0; await $restore || code=$?
${RESTORE_ROOT}
exit $code`);
