#!/bin/sh
# archive.sh backup|restore|forget <id>
#
# One archive per backup, and beside it a manifest, which is written last and removed first: an archive without one is no
# backup. The result is written to the container's termination message, as JSON. $STORE_PATH is a folder of the rclone remote "store:".
set -eu
set -o pipefail

task=$1
id=$2
# It becomes a part of paths. The controller checks it too.
case $id in
  '' | *[!A-Za-z0-9-]* | -*)
    echo "the id of a backup is made of letters, digits and hyphens" >&2
    exit 1
    ;;
esac
data=${DATA:-/data}
scratch=${SCRATCH:-/scratch}
archive=store:$STORE_PATH/$id.tar.zst
manifest=store:$STORE_PATH/$id.json

report() {
  printf '%s' "$1" >"${TERMINATION_LOG:-/dev/termination-log}"
}

fail() {
  echo "$1" >&2
  exit 1
}

# Nothing where there is none: rclone calls that 3 (no such folder) or 4 (no such file), or prints nothing.
read_manifest() {
  rclone cat "$manifest" || case $? in 3 | 4) ;; *) return 1 ;; esac
}

# Passes on what it reads and leaves its checksum in $scratch/sum; to be followed by `wait`.
mkfifo "$scratch/copy"
checked() {
  tee "$scratch/copy"
}
sum_up() {
  sha256sum <"$scratch/copy" | cut -c 1-64 >"$scratch/sum"
}

backup() {
  # A pod that was made again finds what the one before it has done.
  found=$(read_manifest)
  if [ -z "$found" ]; then
    sum_up &
    tar --create --directory "$data" --acls --xattrs --sparse --numeric-owner -vv --index-file "$scratch/index" . |
      zstd --quiet -T0 "-$COMPRESSION_LEVEL" | checked | rclone rcat "$archive"
    wait
    counts=$(awk '/^-/ { files++; bytes += $3 } END { printf "\"files\":%.0f,\"bytes\":%.0f", files, bytes }' "$scratch/index")
    time=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    found="{\"time\":\"$time\",\"sha256\":\"$(cat "$scratch/sum")\",$counts}"
    printf '%s' "$found" | rclone rcat "$manifest"
  fi
  report "$found"
}

restore() {
  found=$(read_manifest)
  [ -n "$found" ] || fail "there is no backup $id below $STORE_PATH"
  sum_up &
  rclone cat "$archive" | checked | zstd --quiet --decompress |
    tar --extract --directory "$data" --acls --xattrs --xattrs-include='*' --sparse --numeric-owner --preserve-permissions
  wait
  case $found in *"\"$(cat "$scratch/sum")\""*) ;; *) fail "backup $id is damaged: its checksum is $(cat "$scratch/sum")" ;; esac
  report "$found"
}

forget() {
  found=$(read_manifest)
  rclone delete "store:$STORE_PATH" --include "/$id.json"
  rclone delete "store:$STORE_PATH" --include "/$id.tar.zst"
  if [ -n "$found" ]; then report '{"alreadyGone":false}'; else report '{"alreadyGone":true}'; fi
}

case $task in
  backup | restore | forget) "$task" ;;
  *) fail "unknown task $task" ;;
esac
