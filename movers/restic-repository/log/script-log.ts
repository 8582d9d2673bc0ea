/**
 * How the scripts of movers report. A program's standard output is JSON, or plain text without names of files. Whatever it prints
 * on standard error may hold names as the tenant has chosen them, newlines included, so every such line gets a mark in front, and
 * no name can pass for a report. Errors about single files are counted by kind where they arise: each kind is one line at the
 * end, however many there were.
 */

/** The mark. */
const STDERR = '# ';

/** What restic says about one file, by kind. The first that fits counts. */
const KINDS: readonly { kind: ErrorKind; pattern: string }[] = [
  { kind: 'scan', pattern: String.raw`^\{"message_type":"error",.*"during":"scan","item":"` },
  { kind: 'unreadable', pattern: String.raw`^\{"message_type":"error",.*"during":"archival","item":"` },
  { kind: 'owners', pattern: refused('l?chown') },
  { kind: 'extended attributes', pattern: refused(String.raw`[^" ]*xattr[^" ]*`) },
  { kind: 'devices', pattern: refused('mknod') },
  { kind: 'modes', pattern: refused('l?chmod') },
  { kind: 'other', pattern: String.raw`^\{"message_type":"error",` },
  { kind: 'unread attributes', pattern: '^can not obtain extended attribute ' },
];

/** In JSON a quote within a name has a backslash before it, so these are the message's own. */
function refused(call: string): string {
  const why = '(operation not permitted|permission denied|(operation )?not supported)';
  return String.raw`^\{"message_type":"error","error":\{"message":"${call} .*: ${why}"\},"during":"restore",`;
}

export type ErrorKind =
  | 'scan'
  | 'unreadable'
  | 'owners'
  | 'extended attributes'
  | 'devices'
  | 'modes'
  | 'other'
  | 'unread attributes';

/** Lines that pass at once, and lines of the end that pass behind them. */
const FIRST_LINES = 100;
const LAST_LINES = 50;

const COUNT = `LC_ALL=C awk '
function add(kind) { if (!count[kind]++) first[kind] = substr($0, 1, 6000) }
${KINDS.map(({ kind, pattern }) => `/${pattern}/ { add("${kind}"); next }`).join('\n')}
shown < ${String(FIRST_LINES)} { shown++; print "${STDERR}" $0; fflush(); next }
{ last[more++ % ${String(LAST_LINES)}] = $0 }
END {
  for (i = more > ${String(LAST_LINES)} ? more - ${String(LAST_LINES)} : 0; i < more; i++) print "${STDERR}" last[i % ${String(LAST_LINES)}]
  for (kind in count) {
    gsub(/["\\\\]/, "\\\\\\\\&", first[kind])
    gsub(/[\\001-\\037\\177]/, " ", first[kind])
    printf "{\\"message_type\\":\\"errors\\",\\"kind\\":\\"%s\\",\\"count\\":%d,\\"first\\":\\"%s\\"}\\n", kind, count[kind], first[kind]
  }
}'`;

/**
 * Waits for a child as long as it lives, and passes SIGTERM on to it: `await PID`. Returns the child's exit code.
 */
const AWAIT = `await() {
  child=$1; trap 'kill -TERM "$child" 2> /dev/null || true' TERM
  status=0; wait "$child" || status=$?
  while kill -0 "$child" 2> /dev/null; do status=0; wait "$child" || status=$?; done
  return $status
}`;

/**
 * The script with its standard error marked and counted. It ends as the body does. The body runs in a child that gets SIGTERM,
 * and may `exec` a program that then gets it, or `await` one.
 */
export function reporting(body: string): string {
  return `set -e
${AWAIT}
work() {
${body}
}
errors=$(mktemp -u); mkfifo "$errors"
${COUNT} < "$errors" & counter=$!
work "$@" 2> "$errors" & worker=$!
code=0; await $worker || code=$?
wait $counter || [ $code -ne 0 ] || code=1
rm -f "$errors"
exit $code`;
}

/** The lines that no name of a file can forge. */
export function reports(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.startsWith(STDERR));
}

/** What a program has said on standard error; undefined for a report. */
export function complaint(line: string): string | undefined {
  return line.startsWith(STDERR) ? line.slice(STDERR.length) : undefined;
}
