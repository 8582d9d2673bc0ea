import type { BackupStorageLocation } from '../../../../api/velero/v1.ts';
import type { Unreadable } from './ini.ts';

export type LocationSpec = BackupStorageLocation['spec'];

/** restic's environment variables, in clear text. */
export type Variables = Readonly<Record<string, string>>;

/** How restic accesses one kind of object store that Velero supports. Problems name fields and keys, never values of secrets. */
export interface LocationKind {
  /** Returns the base URL of repositories in the location, and those of its settings that have a restic variable. */
  base(spec: LocationSpec): { url: string; variables: Variables } | Unreadable;
  /** Variables that hold credentials. If the user's secret has one of them, it provides the credentials. */
  credentialKeys: readonly string[];
  /** Reads those variables from the credentials file of Velero's plugin. */
  credentials(text: string, spec: LocationSpec): { variables: Variables } | Unreadable;
}

/**
 * Folder of the repositories in a location. Velero considers a location with unknown top-level folders invalid; `restic` is a
 * known one. Below that, Velero's own file-system backup creates a folder per namespace, and a namespace cannot have a name with
 * a dot.
 */
const FOLDER = ['restic', 'oadp.openshift.io'];

/** Returns `prefix/folder`, without leading or trailing slashes. */
export function folderIn({ objectStorage }: LocationSpec): string {
  const prefix = (objectStorage?.prefix ?? '').split('/').filter((part) => part !== '');
  return [...prefix, ...FOLDER].join('/');
}
