import { READ_ID } from '../restic-repository/repository-id.ts';
import { HOST, PATH } from '../restic-repository/snapshot-layout.ts';
import { OWN_FOLDER } from '../restic-repository/transfer/lost-and-found.ts';
import { BEGIN, OPEN } from '../restic-repository/transfer/opening.ts';
import { RESTIC, UNLOCK } from '../restic-repository/job/repository-job.ts';
import {
  COUNT_ROOT_ATTRIBUTES,
  REPORT_ROOT_ATTRIBUTES,
} from '../restic-repository/transfer/root-attributes.ts';
import { DESCRIBE_ROOT } from '../restic-repository/transfer/root-folder.ts';
import { reporting } from '../restic-repository/log/script-log.ts';

/** Opens the repository although it is locked: the lock may be stale. */
const OPEN_ANYWAY = `${OPEN} --no-lock > /dev/null`;

/** Prints one line per key. */
const OPEN_KEYS = 'timeout 60 restic list keys --no-lock';

const TWO_KEYS = 'Fatal: another one has made the repository at the same time: it has more than one key';

/**
 * `$1` is a tag that is unique to this request and identifies snapshots that earlier pods have saved; all further arguments are
 * those of the backup. If a pod was lost with its node, its exit code is unknown and its snapshot may lack files that it could
 * not read. So restic scans the volume again, which is quick, and saves only if something differs.
 *
 * If two clients initialize a repository on S3 at the same time, both succeed. Each writes a key, and the last config overwrites
 * the other, although the other client may already be saving data that can then never be read. Within a cluster, requests for a
 * repository and pods of a request run one at a time, but two clusters with the same name do not coordinate. So after
 * initializing a repository and saving to it, the script waits as long as an initialization takes and checks that the repository
 * has exactly one key. If not, it fails and another pod starts over with what is left.
 *
 * The id of the repository is read in parallel with the backup. A removal compares it later; if it cannot be read, the record
 * contains none.
 *
 * The first command checks whether the repository exists, can be opened, is not locked and lists its snapshots soon. If it fails,
 * the script runs the steps one by one: they repeat the errors that persist and no others.
 */
export const BACKUP_SCRIPT = reporting(`${BEGIN}
${OWN_FOLDER}
tag=$1; shift
own=; if own_folder; then own=lost+found; fi
first=$(find . -mindepth 1 -maxdepth 1 ! -type s ! -name "$own" -print -quit)
sockets=$(mktemp)
{ find . -type s -print0 2> /dev/null || true; } | tr -dc '\\0' | wc -c > "$sockets" & counting=$!
${COUNT_ROOT_ATTRIBUTES}
report() {
  wait $counting
  printf '{"message_type":"left out","sockets":%d,"sealed":%s}\\n' "$(cat "$sockets")" $sealed
  ${REPORT_ROOT_ATTRIBUTES}
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
