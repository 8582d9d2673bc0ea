/**
 * A shell function that ends well where the volume's root holds the folder `lost+found` of its file system. Only that one is left
 * out of backups and comparisons; everything else of that name is data. It is the file system's own if it is a folder, belongs to
 * root with mode 0700 (2770 once Kubernetes has given the volume a group), and holds nothing. One that the mover may not look into
 * is taken for it too, and then `sealed` is true, for the report.
 */
export const OWN_FOLDER = `sealed=false
own_folder() {
  [ -d lost+found ] && [ ! -L lost+found ] || return 1
  case $(stat -c '%u %a' lost+found) in '0 700' | '0 2770') ;; *) return 1 ;; esac
  # shellcheck disable=SC2034
  content=$(find lost+found -mindepth 1 -print -quit 2> /dev/null) || { sealed=true; return 0; }
  [ -z "$content" ]
}`;
