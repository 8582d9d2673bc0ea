/** Where the repository of one PVC is, below the base URL in the user's secret. */
export interface RepositoryLocation {
  /** Folder above those of all clusters; may be empty. */
  prefix: string;
  /** Cluster of the source, so that several clusters can share a bucket. */
  cluster: string;
  namespace: string;
  pvc: string;
}

/** Returns `prefix/cluster/namespace/pvc`. It is the same for every backup of a PVC, so that a mover uploads only changes. */
export function repositoryPath({ prefix, cluster, namespace, pvc }: RepositoryLocation): string {
  return [...prefix.split('/').filter((part) => part !== ''), cluster, namespace, pvc].join('/');
}

/**
 * A folder name that every program reads the same way. The base may be a URL, and URL parsers decode `%2F` and stop at `?` and
 * `#`: with one of them, the opened folder would differ from the checked one.
 */
const FOLDER = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/** Name of a cluster or of an object in it. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Returns true if the text is a single folder for every program that reads the path. */
export function isFolder(text: string): boolean {
  return FOLDER.test(text);
}

/** Returns true if the text is valid as `RepositoryLocation.prefix`. */
export function isPrefix(text: string): boolean {
  return text.split('/').every((part) => part === '' || FOLDER.test(part));
}

/**
 * Returns the owner of the repository at a path, for checks of who may read it. Returns undefined if the path does not have that
 * form.
 */
export function ownerOf(path: string): Omit<RepositoryLocation, 'prefix'> | undefined {
  const parts = path.split('/');
  const [cluster, namespace, pvc] = parts.slice(-3);
  if (cluster === undefined || namespace === undefined || pvc === undefined) return undefined;
  const areNames = [cluster, namespace, pvc].every((part) => NAME.test(part));
  return areNames && parts.every((part) => FOLDER.test(part)) ? { cluster, namespace, pvc } : undefined;
}
