import { OWN_FOLDER } from '../transfer/lost-and-found.ts';
import { RESTIC, UNLOCK } from '../job/repository-job.ts';
import { reporting } from '../log/script-log.ts';
import type { VerifyRequest } from '../../mover.ts';

/**
 * What a shell does to check a transfer: `$1` is the id of the snapshot, `$2` where the volume is. It says what it finds; what
 * is wrong with that is judged by who reads it. It fails where restic cannot read something. See docs/adr/0014.
 */
export function verificationScript(
  request: Pick<VerifyRequest<unknown>, 'kind' | 'level' | 'isLive'>,
  leavesOutLostAndFound = false,
): string {
  const isDeep = request.level === 'Data';
  const isBackup = request.kind === 'backup';
  const steps = [
    BEGIN,
    // A restore has just read it all.
    ...(isDeep && isBackup ? [READ_BACK] : []),
    ...(comparesVolume(request) ? [FIND_OWN_FOLDER, COMPARE, count(isBackup && leavesOutLostAndFound)] : []),
  ];
  return reporting(steps.join('\n'));
}

/** A volume in use may differ by right. */
export function comparesVolume({ level, isLive }: Pick<VerifyRequest<unknown>, 'level' | 'isLive'>): boolean {
  return level === 'Data' && !isLive;
}

const BEGIN = `set -o pipefail
${UNLOCK}
run() { ${RESTIC} "$@"; }
run snapshots --json -- "$1"
run stats --mode restore-size --json -- "$1"`;

/**
 * Every blob of the snapshot is fetched from the store and its hash is checked; no data is ever in restic's cache. Lines that
 * look like restic's progress are the first to be forgotten.
 */
const READ_BACK = `run dump --archive tar -- "$1" / | while
  size=$(dd bs=64k count=4096 iflag=fullblock 2>/dev/null | wc -c); [ "$size" -gt 0 ]
do echo "[0] read back $size bytes"; done`;

/** That of the file system, which a mover has left out and another file system has of its own. */
const FIND_OWN_FOLDER = `cd "$2"
${OWN_FOLDER}
own=; if own_folder; then
  held=$(run ls --json -- "$1" /lost+found | awk '/"struct_type":"node"/ { held++ } END { print held + 0 }')
  if [ "$held" -eq 0 ]; then own=lost+found; fi
fi`;

/**
 * What a restore would change, file by file, by their contents and not by their times. What is no regular file it would
 * always make anew, so of those only the names count. Of differences the first of each kind are reported.
 */
const COMPARE = `set -- --target "$2" -- "$1"
if [ -n "$own" ]; then set -- --exclude "/$own" "$@"; fi
run restore --dry-run --overwrite always --delete --json -vv "$@" | awk '
  /"message_type":"status"/ { print "[0] " $0; fflush(); next }
  /"action":"unchanged"/ || (/"action":"restored"/ && /"size":0}$/) { next }
  /"message_type":"verbose_status"/ { match($0, /"action":"[a-z]*"/); if (told[substr($0, RSTART, RLENGTH)]++ > 4) next }
  { print }'`;

/** restic does not save sockets, and some movers leave out empty folders of that name; `absent` counts both. */
function count(leavesOutLostAndFound: boolean): string {
  const absent = leavesOutLostAndFound ? "'(' -type s -o -type d -name lost+found -empty ')'" : '-type s';
  return `count() { tr -dc '\\0' | wc -c; }
absent=$(find . -path "./$own" -prune -o ${absent} -print0 | count)
entries=$(find . ! -path . \\( -path "./$own" -prune -o ${absent} -o -print0 \\) | count)
printf '{"message_type":"volume","entries":%d,"absent":%d}\\n' "$entries" "$absent"`;
}
