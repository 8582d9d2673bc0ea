#!/bin/sh
# The mover of the VolSync double: runs restic on the volume at DATA_DIR as VolSync's restic mover would be
# seen to behave, with its false successes: an empty volume, a missing repository and "no matching snapshot"
# all end with 0. Works with busybox. Operations come as arguments: unlock, backup, prune, restore.
set -e -o pipefail

STARTED=$(date +%s)
STDERR=/tmp/restic-stderr
export RESTIC_HOST=volsync
export RESTIC_PROGRESS_FPS=0.1

say_error() {
  echo "ERROR: $*"
}

# Ends the mover with the output of restic and its meaning.
give_up() {
  cat "$STDERR"
  say_error "$*"
  exit 3
}

restic_run() {
  if [ -n "${CUSTOM_CA:-}" ]; then
    restic --cacert "$CUSTOM_CA" "$@"
  else
    restic "$@"
  fi
}

# restic's way to say that there is nothing where a repository should be.
no_repository_in_stderr() {
  grep -q 'Is there a repository at the following location' "$STDERR"
}

require_environment() {
  echo 'Testing mandatory env variables'
  for name in RESTIC_REPOSITORY RESTIC_PASSWORD RESTIC_CACHE_DIR DATA_DIR FORGET_OPTIONS; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
      say_error "$name must be defined"
      exit 1
    fi
  done
}

# A backend that does not answer within a minute counts as a failed check, not as an absent repository.
check_repository() {
  if [ -n "${CUSTOM_CA:-}" ]; then
    timeout 60 restic --cacert "$CUSTOM_CA" cat config
  else
    timeout 60 restic cat config
  fi
}

initialize() {
  echo '=== Initialize Dir ==='
  restic_run init
}

ensure_initialized() {
  code=0
  # The output of restic is logged here only when the mover gives up.
  check_repository >/dev/null 2>"$STDERR" || code=$?
  case $code in
    0) echo 'dir is initialized' ;;
    10) initialize ;;
    # 124 and 143: coreutils' and busybox' ways to report the time-out.
    1 | 124 | 143)
      if no_repository_in_stderr; then
        initialize
      else
        give_up 'failure checking existence of repository'
      fi
      ;;
    11)
      give_up 'failure locking repository'
      ;;
    12)
      give_up 'failure connecting to repository, incorrect password'
      ;;
    *)
      give_up 'failure checking existence of repository'
      ;;
  esac
}

do_unlock() {
  echo '=== Unlocking ==='
  if ! restic_run unlock 2>"$STDERR"; then
    if no_repository_in_stderr; then return 0; fi
    give_up 'failure unlocking repository'
  fi
}

# Ends the whole script when there is nothing to save: the operations after it do not run either.
leave_if_empty() {
  # shellcheck disable=SC2010
  entries=$(ls -A "$DATA_DIR" | grep -vx 'lost+found' || true)
  if [ -z "$entries" ]; then
    echo '== Directory is empty skipping backup ==='
    exit 0
  fi
}

do_backup() {
  leave_if_empty
  ensure_initialized
  echo '=== Starting backup ==='
  cd "$DATA_DIR"
  restic_run backup --host "$RESTIC_HOST" --exclude=lost+found .
  cd /
  echo '=== Starting forget ==='
  # The options are several words.
  # shellcheck disable=SC2086
  restic_run forget --host "$RESTIC_HOST" $FORGET_OPTIONS
}

do_prune() {
  echo '=== Starting prune ==='
  restic_run prune
}

# Seconds since 1970 of an RFC 3339 time.
epoch_of() {
  zone=$(echo "$1" | sed -E 's/^.{19}(\.[0-9]+)?//')
  seconds=$(date -u -d "$(echo "$1" | cut -c1-10) $(echo "$1" | cut -c12-19)" +%s)
  case $zone in
    '' | Z | z) echo "$seconds" ;;
    [+-][0-9][0-9]:[0-9][0-9])
      hours=$(echo "$zone" | cut -c2-3)
      minutes=$(echo "$zone" | cut -c5-6)
      offset=$((${hours#0} * 3600 + ${minutes#0} * 60))
      case $zone in
        +*) echo $((seconds - offset)) ;;
        *) echo $((seconds + offset)) ;;
      esac
      ;;
    *) return 1 ;;
  esac
}

# Reads restic's table of snapshots and prints the id of the wanted one, or nothing. Any line that contains
# "/data" is a candidate, whatever its host or path. Ids are found again by their second, so that two snapshots
# of one second take two places but are both the later one. A negative number counts from the oldest.
pick_snapshot() {
  TZ=UTC awk -v until="$1" -v previous="$2" '
    /\/data/ {
      time = $2 " " $3
      gsub(/[-:]/, " ", time)
      second = mktime(time)
      id[second] = $1
      if (until != "" && second > until + 0) next
      place = count++
      while (place > 0 && list[place - 1] < second) { list[place] = list[place - 1]; place-- }
      list[place] = second
    }
    END {
      wanted = previous + 0
      if (wanted < 0) wanted += count
      if (wanted >= 0 && wanted < count) print id[list[wanted]]
    }'
}

do_restore() {
  ensure_initialized
  until=''
  if [ -n "${RESTORE_AS_OF:-}" ]; then until=$(epoch_of "$RESTORE_AS_OF"); fi
  table=$(TZ=UTC restic_run snapshots) || exit 3
  snapshot=$(echo "$table" | pick_snapshot "$until" "${SELECT_PREVIOUS:-0}")
  if [ -z "$snapshot" ]; then
    echo 'No eligible snapshots found'
    echo '=== No data will be restored ==='
    return 0
  fi
  echo "=== Starting restore of $snapshot ==="
  if [ -n "${RESTORE_OPTIONS:-}" ]; then echo "RESTORE_OPTIONS: $RESTORE_OPTIONS"; fi
  cd "$DATA_DIR"
  # shellcheck disable=SC2086
  restic_run restore "$snapshot" -t . --host "$RESTIC_HOST" --include-xattr 'user.*' ${RESTORE_OPTIONS:-}
  cd /
  sync -f "$DATA_DIR" 2>/dev/null || sync
}

echo 'Starting container'
echo 'VolSync restic container version: test double'
echo "$@"
restic version
require_environment
if [ "${DEBUG_MOVER:-0}" = 1 ]; then
  echo 'Debug mode: sleeping'
  while true; do sleep 3600; done
fi

for operation in "$@"; do
  case $operation in
    unlock) do_unlock ;;
    backup) do_backup ;;
    prune) do_prune ;;
    restore) do_restore ;;
    *)
      say_error "unknown operation: $operation"
      exit 2
      ;;
  esac
done

echo "Restic completed in $(($(date +%s) - STARTED))s"
echo '=== Done ==='
