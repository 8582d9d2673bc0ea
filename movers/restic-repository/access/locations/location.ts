import type { BackupStorageLocation } from '../../../../api/velero/v1.ts';
import type { Unreadable } from './ini.ts';

export type LocationSpec = BackupStorageLocation['spec'];

/** restic's variables, in the clear. */
export type Variables = Readonly<Record<string, string>>;

/** How restic reaches one kind of object store that Velero knows. Problems name fields and keys, never values of secrets. */
export interface LocationKind {
  /** Base URL of repositories in the location, and what of its settings restic has variables for. */
  base(spec: LocationSpec): { url: string; variables: Variables } | Unreadable;
  /** The variables that hold credentials. A secret that has one of them brings its own. */
  credentialKeys: readonly string[];
  /** Reads them from what Velero's plugin has as credentials. */
  credentials(text: string, spec: LocationSpec): { variables: Variables } | Unreadable;
}

/**
 * Velero takes a location for broken that has folders which it does not know; `restic` is one that it knows. Below it
 * its own file-system backup makes a folder per namespace, and no namespace has a dot in its name.
 */
const FOLDER = ['restic', 'oadp.openshift.io'];

/** `prefix/folder`, without slashes around it. */
export function folderIn({ objectStorage }: LocationSpec): string {
  const prefix = (objectStorage?.prefix ?? '').split('/').filter((part) => part !== '');
  return [...prefix, ...FOLDER].join('/');
}
