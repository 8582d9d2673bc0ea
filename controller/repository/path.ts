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

/** The source namespace of a repository path, for checks of who may read it. Undefined when it is not such a path. */
export function ownerOf(path: string): { cluster: string; namespace: string } | undefined {
  const parts = path.split('/');
  const [cluster, namespace] = parts.slice(-3);
  const wellFormed = parts.length >= 3 && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return wellFormed && cluster !== undefined && namespace !== undefined ? { cluster, namespace } : undefined;
}
