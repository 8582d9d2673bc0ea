/** Where one PVC's repository lies below the base that the user's secret names. */
export interface RepositoryLocation {
  /** Folder above all clusters; may be empty. */
  prefix: string;
  /** The cluster of the source, so that two clusters may share a bucket. */
  cluster: string;
  namespace: string;
  pvc: string;
}

/** `prefix/cluster/namespace/pvc`: stable over backups, so that a mover uploads only what changed. */
export function repositoryPath({ prefix, cluster, namespace, pvc }: RepositoryLocation): string {
  return [...prefix.split('/').filter((part) => part !== ''), cluster, namespace, pvc].join('/');
}

/**
 * A folder that is the same one for everybody who reads the path. The base may be a URL, whose reader decodes `%2F` and stops
 * at `?` and `#`: with one of them, the folder that is opened would not be the one that was checked.
 */
const FOLDER = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/** A name of a cluster or of an object in it. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Whether this is one folder, whoever reads it. */
export function isFolder(text: string): boolean {
  return FOLDER.test(text);
}

/** Whether this may be the folder above all clusters. */
export function isPrefix(text: string): boolean {
  return text.split('/').every((part) => part === '' || FOLDER.test(part));
}

/** Whose repository a path names, for checks of who may read it. Undefined when it is not such a path. */
export function ownerOf(path: string): Omit<RepositoryLocation, 'prefix'> | undefined {
  const parts = path.split('/');
  const [cluster, namespace, pvc] = parts.slice(-3);
  if (cluster === undefined || namespace === undefined || pvc === undefined) return undefined;
  const areNames = [cluster, namespace, pvc].every((part) => NAME.test(part));
  return areNames && parts.every((part) => FOLDER.test(part)) ? { cluster, namespace, pvc } : undefined;
}
