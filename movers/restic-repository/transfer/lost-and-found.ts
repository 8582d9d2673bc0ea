/**
 * A shell function that succeeds if the volume's root contains the `lost+found` folder of its file system. Only that folder is
 * excluded from backups and comparisons; every other file of that name is data. It belongs to the file system if it is a folder,
 * is owned by root with mode 0700 (2770 after Kubernetes has set a group on the volume), and is empty. A folder that the mover
 * may not read is treated in the same way, and `sealed` is then true, for the report.
 */
export const OWN_FOLDER = `sealed=false
own_folder() {
  [ -d lost+found ] && [ ! -L lost+found ] || return 1
  case $(stat -c '%u %a' lost+found) in '0 700' | '0 2770') ;; *) return 1 ;; esac
  # shellcheck disable=SC2034
  content=$(find lost+found -mindepth 1 -print -quit 2> /dev/null) || { sealed=true; return 0; }
  [ -z "$content" ]
}`;
