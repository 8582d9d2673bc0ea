import { OWN_FOLDER } from '../transfer/lost-and-found.ts';
import { RESTIC, UNLOCK } from '../job/repository-job.ts';
import { READ_ID } from '../repository-id.ts';
import { reporting } from '../log/script-log.ts';
import type { VerifyRequest } from '../../mover.ts';

/**
 * Returns the script that checks a transfer: `$1` is the id of the snapshot, `$2` the path of the volume. It prints its findings,
 * which `compareVerification` compares; it fails if restic cannot read something. See docs/adr/0014.
 */
export function verificationScript(
  request: Pick<VerifyRequest<unknown>, 'kind' | 'level' | 'isLive'>,
  leavesOutLostAndFound = false,
): string {
  const isDeep = request.level === 'Data';
  const isBackup = request.kind === 'backup';
  const steps = [
    BEGIN,
    // A restore has just read all of it.
    ...(isDeep && isBackup ? [READ_BACK] : []),
    ...(comparesVolume(request) ? [FIND_OWN_FOLDER, COMPARE, count(isBackup && leavesOutLostAndFound)] : []),
  ];
  return reporting(steps.join('\n'));
}

/** Returns true if the volume is compared. A volume in use may differ legitimately. */
export function comparesVolume({ level, isLive }: Pick<VerifyRequest<unknown>, 'level' | 'isLive'>): boolean {
  return level === 'Data' && !isLive;
}

const BEGIN = `set -o pipefail
${UNLOCK}
run() { ${RESTIC} "$@"; }
run snapshots --json -- "$1"
run stats --mode restore-size --json -- "$1"
printf '{"message_type":"repository","id":"%s"}\\n' "$(run cat config | ${READ_ID})"`;

/**
 * Fetches every blob of the snapshot from the store and checks its hash; restic's cache never contains data. The output looks
 * like restic's progress, so that these lines are dropped from the log first.
 *
 * A tar archive cannot contain every extended attribute, such as one with `=` in its name or more than a mebibyte of them. A zip
 * archive contains no attributes, but restic compresses it, so it is read only if restic could not write the tar archive.
 */
const READ_BACK = `read_back() {
  run dump --archive "$1" -- "$2" / | while
    size=$(dd bs=64k count=4096 iflag=fullblock 2>/dev/null | wc -c); [ "$size" -gt 0 ]
  do echo "[0] read back $size bytes"; done
}
problems=$(mktemp); code=0
read_back tar "$1" 2> "$problems" || code=$?
case $code$(cat "$problems") in
  0*) ;;
  *archive/tar* | *'writing header'*) read_back zip "$1" ;;
  *) cat "$problems" >&2; exit $code ;;
esac`;

/** Finds the lost+found folder of the file system: a mover has left it out, and every file system has its own. */
const FIND_OWN_FOLDER = `cd "$2"
${OWN_FOLDER}
own=; if own_folder; then
  held=$(run ls --json -- "$1" /lost+found | awk '/"struct_type":"node"/ { held++ } END { print held + 0 }')
  if [ "$held" -eq 0 ]; then own=lost+found; fi
fi`;

/**
 * Prints what a restore would change, file by file, by contents and not by times. restic would always recreate an entry that is
 * not a regular file, so of these only names are compared. Prints the first difference of each kind.
 */
const COMPARE = `set -- --target "$2" -- "$1"
if [ -n "$own" ]; then set -- --exclude "/$own" "$@"; fi
run restore --dry-run --overwrite always --delete --json -vv "$@" | awk '
  /"message_type":"status"/ { print "[0] " $0; fflush(); next }
  /"action":"unchanged"/ || (/"action":"restored"/ && /"size":0}$/) { next }
  /"message_type":"verbose_status"/ { match($0, /"action":"[a-z]*"/); if (told[substr($0, RSTART, RLENGTH)]++ > 4) next }
  { print }'`;

/** Counts entries. restic does not save sockets, and some movers leave out empty lost+found folders; `absent` counts both. */
function count(leavesOutLostAndFound: boolean): string {
  const absent = leavesOutLostAndFound ? "'(' -type s -o -type d -name lost+found -empty ')'" : '-type s';
  return `count() { tr -dc '\\0' | wc -c; }
absent=$(find . -path "./$own" -prune -o ${absent} -print0 | count)
entries=$(find . ! -path . \\( -path "./$own" -prune -o ${absent} -o -print0 \\) | count)
printf '{"message_type":"volume","entries":%d,"absent":%d}\\n' "$entries" "$absent"`;
}
