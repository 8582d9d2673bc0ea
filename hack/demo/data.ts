import { APP } from './app.ts';

/** Number of small files. */
export const SMALL_FILES = 2000;
/** Apparent size of the sparse file, in bytes. */
export const SPARSE_BYTES = 1024 ** 3;
export const SPARSE_FILE = './sparse/1-GiB-of-nothing';

/**
 * Returns a shell script that fills the volume with all kinds of files, including those that backups often lose. The large files
 * contain random data, so that neither compression nor an earlier backup makes them smaller.
 */
export function writeDataScript(sizeMiB: number): string {
  const half = Math.max(1, Math.floor(sizeMiB / 2));
  const rest = Math.max(1, sizeMiB - half);
  return `
cd ${APP.mount}
find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +

mkdir names modes owners links sparse large small empty times
mkdir -p empty/one/two/three

# Names.
echo space      > 'names/a name with spaces '
echo newline    > "names/two$(printf '\\nlines')"
echo tab        > "names/tab$(printf '\\t')tab"
echo unicode    > 'names/naïve café – 数据 – 🚚'
echo decomposed > "names/$(printf 'cafe\\314\\201')"
echo invalid    > "names/$(printf 'not-utf8-\\377')"
echo dash       > names/-rf
echo quotes     > "names/it's \\"quoted\\" and \\\`ticked\\\` \\$HOME"
echo backslash  > 'names/back\\slash'
echo glob       > 'names/*?[x]'
echo hidden     > names/.hidden
echo long       > "names/$(printf '%0255d' 7)"
: > names/nothing-in-it

# Modes.
for mode in 0 400 444 600 640 755 777 1644 2755 4755 6711; do
  echo "$mode" > "modes/$mode"
  chmod "$mode" "modes/$mode"
done
mkdir modes/sticky modes/setgid modes/closed
chmod 1777 modes/sticky
chmod 2775 modes/setgid
echo inside > modes/closed/inside
chmod 0 modes/closed

# Owners.
for owner in 1:1 1000:2000 65534:65534 2000000000:2000000001; do
  echo "$owner" > "owners/$owner"
  chown "$owner" "owners/$owner"
done
ln -s nowhere owners/link
chown -h 1000:1000 owners/link

# Links and a pipe.
echo target > links/target
ln -s target links/relative
ln -s ${APP.mount}/links/target links/absolute
ln -s ../no/such/file links/dangling
ln -s ../names links/folder
ln -s loop links/loop
ln links/target links/second-name
ln links/target small/third-name
mkfifo -m 640 links/pipe

# A hole with a few bytes at its end.
printf 'the end' > sparse/few-bytes
dd if=sparse/few-bytes of=${SPARSE_FILE} bs=1 seek=$((${SPARSE_BYTES} - 7)) 2> /dev/null

# Large.
dd if=/dev/urandom of=large/one bs=1M count=${half} 2> /dev/null
dd if=/dev/urandom of=large/two bs=1M count=${rest} 2> /dev/null

# Many small ones, of 0 to 16 kB.
i=0
while [ $i -lt ${SMALL_FILES} ]; do
  [ $((i % 100)) -ne 0 ] || mkdir "small/$((i / 100))"
  dd if=large/one of="small/$((i / 100))/$i" bs=$((i % 251 + 1)) count=$((i % 64)) 2> /dev/null
  i=$((i + 1))
done

# Times: before and long after now, of a file, a link and, since everything else in it changes it, last of folders.
echo old > times/old
echo new > times/new
ln -s old times/link
touch -d '1970-01-02 03:04:05' times/old
touch -d '2037-12-31 23:59:58' times/new
touch -h -d '1999-09-09 09:09:09' times/link
touch -d '2001-02-03 04:05:06' times empty/one/two/three empty
sync
`;
}
