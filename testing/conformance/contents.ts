/** Contents of volumes: shell scripts that run in the root folder of a volume. */

/** Everything that is easily lost: unusual names, modes, owners, links, holes, times, depth. */
export const RICH = `
echo 'known content' > plain.txt
for name in 'with spaces' '-leading-dash' 'quote"s' "apos'trophe" 'dollar$(x)' 'back\\\\slash' 'star*?[a]' 'ünïcödé-日本語'; do
  echo "content of $name" > "./$name"
done
echo 'two lines' > "$(printf 'new\\nline')"
mkdir -p deep/er/and/deeper/than/most empty-folder sticky setgid
echo leaf > deep/er/and/deeper/than/most/leaf
echo nothing-allowed > mode-0000
echo read-only > mode-0444
echo program > setuid
chown 1234:5678 setuid mode-0444 deep/er
chmod 0000 mode-0000
chmod 0444 mode-0444
chmod 4755 setuid
chmod 1777 sticky
chmod 2775 setgid
ln -s plain.txt relative-link
ln -s /etc/passwd absolute-link
ln -s no/such/place dangling-link
ln plain.txt hard-link
ln plain.txt deep/another-hard-link
truncate -s 8M sparse
echo end >> sparse
: > empty-file
head -c 3000000 /dev/urandom > large
touch -d '2001-02-03 04:05:06' plain.txt empty-folder
`;

/** Adds, changes and deletes entries of {@link RICH}. */
export const CHANGE = `
echo 'other content' > plain.txt
echo new > new
rm empty-file
chmod 0600 mode-0444
`;

/** A file of {@link RICH} that has no other hard link. */
export const LEAF = 'deep/er/and/deeper/than/most/leaf';

/** Changes {@link LEAF}: same size, other bytes. */
export const DAMAGE = `
printf 'L' | dd of=${LEAF} bs=1 count=1 conv=notrunc 2>/dev/null
`;

/** A small volume that differs for each name. */
export const only = (name: string): string => `
mkdir sub
echo '${name}' > sub/file
chown 7:8 sub/file
chmod 640 sub/file
head -c 300000 /dev/urandom > random
`;

/** Enough data to take minutes on a slow connection. */
export const LARGE = 'head -c 16000000 /dev/urandom > large';
