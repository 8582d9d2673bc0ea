import { backups, restores, type Backup } from '../../api/velero/v1.ts';
import type { ObjectMeta } from '../../api/kubernetes/meta.ts';
import { annotations, labels } from '../../api/datamover/v1alpha1/keys.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { AccessProblem } from '../../movers/access-problem.ts';
import type { VeleroLocation } from '../../movers/velero-location.ts';

/** Tenants may write to the namespace of a request, so its annotations count only if the uid of the Velero object matches too. */
interface Request {
  metadata: ObjectMeta;
}

/** The cluster and the namespace to read from. */
interface VeleroScope {
  /** `namespace` is the namespace of Velero. */
  env: { client: KubeClient; namespace: string };
  signal: AbortSignal;
}

/** Returns the location of the request's Velero backup; its name is `undefined` if the request was created by hand. */
export async function locationOfBackup(scope: VeleroScope, { metadata }: Request): Promise<VeleroLocation> {
  const name = metadata.annotations?.[annotations.veleroBackup];
  if (name === undefined) return { name: undefined };
  const backup = await backupNamed(scope, name);
  return backup !== undefined && backup.metadata.uid === metadata.labels?.[labels.veleroBackupUid]
    ? { name: backup.spec.storageLocation }
    : missing('Backup', scope, name);
}

/** Returns the location of the backup that is being restored; its name is `undefined` if the restore was created by hand. */
export async function locationOfRestore(scope: VeleroScope, { metadata }: Request): Promise<VeleroLocation> {
  const name = metadata.annotations?.[annotations.veleroRestore];
  if (name === undefined) return { name: undefined };
  const {
    env: { client, namespace },
    signal,
  } = scope;
  const restore = await client.get(restores, { namespace, name }, { signal });
  if (restore === undefined || restore.metadata.uid !== metadata.labels?.[labels.veleroRestoreUid])
    return missing('Restore', scope, name);
  const { backupName = '' } = restore.spec;
  const backup = await backupNamed(scope, backupName);
  return backup === undefined ? missing('Backup', scope, backupName) : { name: backup.spec.storageLocation };
}

function backupNamed(
  { env: { client, namespace }, signal }: VeleroScope,
  name: string,
): Promise<Backup | undefined> {
  return client.get(backups, { namespace, name }, { signal });
}

function missing(kind: string, { env: { namespace } }: VeleroScope, name: string): AccessProblem {
  return {
    reason: 'StorageLocationNotFound',
    message: `Velero ${kind} ${namespace}/${name} of this request does not exist, so the BackupStorageLocation of the repository is not known; set config.backupStorageLocation.name of the DataMoverClass`,
  };
}
