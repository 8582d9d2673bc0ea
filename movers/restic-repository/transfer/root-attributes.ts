import { createHash } from 'node:crypto';

/**
 * Counts attributes and access control lists of a volume's root folder. No snapshot contains them, and in images of restic only
 * restic itself can show them. So it saves the folder alone, without its contents, to a temporary repository in the scratch
 * space.
 */

/**
 * The config and the only key of an empty repository. The password is `x`, with minimal scrypt parameters, because it protects
 * nothing.
 */
export const CONFIG =
  'goMLfUyW1R0VNCMnQapyPObqTBxof6XRABD4pm9rSYSTpcHaT7osSgb5uOOszn/2iS3txiFz+OixpL6QJuP8sGHTEl0FCbIwm52wB5JP5ETYBRIfVr07aBxI7GwbCmvoXz9BscSCojLPVvMVOZwYXeW2PKspk3y4S/dvvlj/nuxuk8cM4BHuQRdGY83lhz0rTlKz4lSnV8NbKUw=';
const SALT = 'HMfU+jArUlulIAtaYikz9pnCisFaHhmTMVAkbMaGThJuz7PLEbYw++fYyuDLkpxW+0CCvi/WrVeUu/Jmg5gFdg==';
const DATA =
  'l3dTE+T7tUMgvkDB6r92D7l2PpuxQnXzTMoBZPTcQUX7GGwQo+MEtyQqcVSisZAMK549vp9TwRB312DpcdH8aSZTlqoLYsVNeClvh/ziqMn/BvImXSnKgiez6ZhoG3G2/6R+lKropSk9EVhnkehROYYl6DPxa6ZMXeF7ts5l9cB4AFUVKNLaTguhLUfCLY0Rwn4caozMOfAZS4xId2egZw==';
export const KEY = JSON.stringify({ kdf: 'scrypt', N: 2, r: 1, p: 1, salt: SALT, data: DATA });
export const KEY_NAME = createHash('sha256').update(KEY).digest('hex');

/** Ignores SELinux labels, which the node sets. */
const COUNT = String.raw`
  { while (match($0, /\{"name":"([^"\\]|\\.)*","value":/)) {
      name = substr($0, RSTART + 9, RLENGTH - 19)
      $0 = substr($0, RSTART + RLENGTH)
      if (name ~ /^system\.posix_acl_(access|default)$/) lists++
      else if (name != "security.selinux") others++
    } }
  END { printf "{\"message_type\":\"root attributes\",\"lists\":%d,\"others\":%d}\n", lists, others }`;

/** Report if the attributes cannot be determined. */
const UNKNOWN = `echo '{"message_type":"root attributes"}'`;

/** Starts a background count of the attributes of the working directory. */
export const COUNT_ROOT_ATTRIBUTES = `throwaway() {
  RESTIC_PASSWORD=x timeout 60 restic -r "$thrown" --no-cache --no-lock "$@"
}
show_root() {
  printf %s '${CONFIG}' | base64 -d > "$thrown/config" || return
  printf %s '${KEY}' > "$thrown/keys/${KEY_NAME}" || return
  (root=$PWD; cd .. && throwaway backup -q --no-scan --host root --exclude "$root/*" -- "\${root##*/}") || return
  set -- "$thrown"/snapshots/*
  throwaway cat tree "\${1##*/}:/"
}
count_root_attributes() {
  thrown=$(mktemp -d); mkdir "$thrown/keys"
  if shown=$(show_root 2> /dev/null); then printf '%s\\n' "$shown" | LC_ALL=C awk '${COUNT}'
  else ${UNKNOWN}; fi
  rm -rf "$thrown"
}
root_attributes=$(mktemp)
count_root_attributes > "$root_attributes" & showing=$!`;

/** Reports that count. */
export const REPORT_ROOT_ATTRIBUTES = `if wait $showing; then cat "$root_attributes"; else ${UNKNOWN}; fi`;
