/**
 * Log format of the movers' scripts. Standard output of a program is JSON, or plain text without file names. Standard error may
 * contain names that the tenant has chosen, newlines included, so every such line gets a prefix and no name can imitate a report.
 * Errors about single files are counted by kind in the pod: each kind is one line at the end, however many errors there were.
 */

/** Prefix of lines from standard error. */
const STDERR = '# ';

/**
 * Errors that every pass of a restore repeats and that are never about contents. To an ordinary user restic does not report owners
 * and modes that it may not set; if it reports such a mode, the file could not be opened and its content is missing.
 */
export const REFUSED_EACH_TIME = [
  refused('mknod'),
  refused('l?ch(own|mod)', '(operation )?not supported'),
].join('|');

/** restic's messages about single files, by kind. The first match counts. */
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

/** JSON escapes a quote within a name with a backslash, so an unescaped quote belongs to the message itself. */
function refused(
  call: string,
  why = '(operation not permitted|permission denied|(operation )?not supported)',
): string {
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

/** Number of lines that are printed at once, and of last lines that are printed at the end. */
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

/** Shell function `await PID`: waits for a child to end, forwards SIGTERM to it and then sets `stopped`. Returns the child's exit code. */
const AWAIT = `await() {
  child=$1; trap 'stopped=true; kill -TERM "$child" 2> /dev/null || true' TERM
  status=0; wait "$child" || status=$?
  while kill -0 "$child" 2> /dev/null; do status=0; wait "$child" || status=$?; done
  return $status
}`;

/**
 * Returns the script with its standard error prefixed and counted. It exits as the body does. The body runs in a child that gets
 * SIGTERM; the body may `exec` a program, which then gets the signal, or `await` one.
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

/** Returns the lines of standard output, which no file name can forge. */
export function reports(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.startsWith(STDERR));
}

/** Returns a line of standard error without its prefix; undefined for a report. */
export function complaint(line: string): string | undefined {
  return line.startsWith(STDERR) ? line.slice(STDERR.length) : undefined;
}
