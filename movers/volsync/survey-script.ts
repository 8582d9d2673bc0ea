import { READ_ID } from '../restic-repository/repository-id.ts';
import { PATH } from '../restic-repository/snapshot-layout.ts';
import { OWN_FOLDER } from '../restic-repository/transfer/lost-and-found.ts';
import {
  COUNT_ROOT_ATTRIBUTES,
  REPORT_ROOT_ATTRIBUTES,
} from '../restic-repository/transfer/root-attributes.ts';
import { DESCRIBE_ROOT } from '../restic-repository/transfer/root-folder.ts';
import { reporting } from '../restic-repository/log/script-log.ts';

/**
 * Script that reports what VolSync leaves out of a volume, the volume's root folder, and the id of the repository. VolSync never
 * reports that id, so the script initializes a missing repository, as VolSync would, unless the volume has nothing to save. If
 * that fails, VolSync meets and reports the same error.
 *
 * VolSync excludes `lost+found` at every depth. An empty folder of that name and a socket contain no data. Everything else does,
 * and a folder that cannot be read may.
 *
 * One walk counts the names, and only a volume that has such names is walked again. `find` prints the path of a socket twice, so
 * a line that repeats the previous one is a socket. A line after every 100,000 entries reports progress.
 */
export const SURVEY_SCRIPT = reporting(`set -o pipefail
cd ${PATH}
identity=$(mktemp)
timeout 60 restic cat config --no-lock > "$identity" 2> /dev/null & identifying=$!
${COUNT_ROOT_ATTRIBUTES}
${DESCRIBE_ROOT}
${OWN_FOLDER}
own=; if own_folder; then own=lost+found; fi
list() { { find . -mindepth 1 -path "./$own" -prune -o "$@" 2> /dev/null || true; } | tr '\\000\\n' '\\n?'; }
counts=$(mktemp)
list '(' -type s -print0 -print0 -o -print0 ')' | LC_ALL=C awk -v counts="$counts" '
  $0 == before { sockets++; next }
  { before = $0 }
  /\\/lost\\+found$/ { named++ }
  ++entries % 100000 == 0 { print "[0] looked at " entries " entries"; fflush() }
  END { print sockets + 0, named + 0 > counts }'
read -r sockets named < "$counts"
empty=0; held=0; first=
if [ "$named" -gt 0 ]; then
  empty=$(list -type d -name lost+found -empty -print0 | wc -l)
  list -name lost+found ! -type s ! '(' -type d -empty ')' -prune -print0 > "$counts"
  held=$(wc -l < "$counts")
  first=$(head -n 1 "$counts" | cut -c 3-202 | LC_ALL=C tr -c '\\n -~' '?' | sed 's/["\\\\]/\\\\&/g')
fi
printf '{"message_type":"left out","sockets":%d,"sealed":%s,"empty":%d,"held":%d,"first":"%s"}\\n' \\
  "$sockets" "$sealed" "$empty" "$held" "$first"
${REPORT_ROOT_ATTRIBUTES}
code=0; wait $identifying || code=$?
content=$(find . -mindepth 1 -maxdepth 1 ! -type s ! -name lost+found -print -quit)
if [ $code -eq 10 ] && [ "$held" -eq 0 ] && [ -n "$content" ]; then
  code=0; timeout 60 restic init > /dev/null 2>&1 || code=$?
  [ $code -ne 0 ] || timeout 60 restic cat config --no-lock > "$identity" 2> /dev/null || code=$?
fi
if [ $code -eq 0 ]; then
  printf '{"message_type":"repository","id":"%s"}\\n' "$(< "$identity" ${READ_ID})"
fi`);
