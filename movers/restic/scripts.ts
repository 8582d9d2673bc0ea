import { READ_ID } from '../restic-repository/identity.ts';
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
