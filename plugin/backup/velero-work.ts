import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { volumeSnapshots, type VolumeSnapshot } from '../../api/kubernetes/snapshot.ts';
import { dataUploads, type Backup, type DataUpload } from '../../api/velero/v1.ts';
import { parseKey, type Resource } from '../../api/kubernetes/meta.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { labelValue } from '../../api/kubernetes/names.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { DATA_UPLOAD_NAME, VOLUME_SNAPSHOT_NAME } from '../velero/constants.ts';

/** What Velero's CSI support has done with a claim in this backup. */
export interface VeleroWork {
  /** `namespace/name` of the DataUpload with which Velero's own data mover moves the data. */
  dataUpload?: string;
  /** Name of the VolumeSnapshot that it took. */
  snapshot?: string;
}

/**
 * Reads the annotations of Velero's CSI support on a claim. A claim keeps such annotations if it is restored from YAML or created
 * from an export, so each counts only if the object that it names belongs to this backup and to this claim.
 */
export async function readVeleroWork(
  kube: KubeClient,
  backup: Backup,
  pvc: PersistentVolumeClaim,
  signal: AbortSignal,
): Promise<VeleroWork> {
  const noted = pvc.metadata.annotations ?? {};
  const upload = noted[DATA_UPLOAD_NAME];
  const snapshot = noted[VOLUME_SNAPSHOT_NAME];
  const [isMoved, isTaken] = await Promise.all([
    upload !== undefined && isUploadOf(kube, { upload, backup, pvc, signal }),
    snapshot !== undefined && isSnapshotOf(kube, { snapshot, backup, pvc, signal }),
  ]);
  return {
    ...(isMoved && upload !== undefined && { dataUpload: upload }),
    ...(isTaken && snapshot !== undefined && { snapshot }),
  };
}

const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function isObjectName(text: string): boolean {
  return OBJECT_NAME.test(text);
}

interface Question {
  backup: Backup;
  pvc: PersistentVolumeClaim;
  signal: AbortSignal;
}

async function isUploadOf(
  kube: KubeClient,
  { upload, backup, pvc, signal }: Question & { upload: string },
): Promise<boolean> {
  if (backup.spec.snapshotMoveData !== true) return false;
  const own = backup.metadata.namespace ?? '';
  const { namespace = own, name } = parseKey(upload);
  if (namespace !== own || !isObjectName(name)) return false;
  const found = await kube.get(dataUploads, { namespace, name }, { signal });
  return found !== undefined && isMadeIn(found, backup) && isFor(found, pvc);
}

/** Another backup may have the same name, but not the same uid. */
function isMadeIn({ metadata }: Resource, backup: Backup): boolean {
  return metadata.labels?.[labels.veleroBackupUid] === backup.metadata.uid;
}

function isFor({ spec }: DataUpload, { metadata }: PersistentVolumeClaim): boolean {
  return spec.sourceNamespace === metadata.namespace && spec.sourcePVC === metadata.name;
}

async function isSnapshotOf(
  kube: KubeClient,
  { snapshot, backup, pvc, signal }: Question & { snapshot: string },
): Promise<boolean> {
  const { namespace = '', name } = pvc.metadata;
  if (!isObjectName(snapshot)) return false;
  const found = await kube.get(volumeSnapshots, { namespace, name: snapshot }, { signal });
  // A snapshot of a group has only the content as its source.
  return isOfBackup(found, backup) && (found?.spec.source.persistentVolumeClaimName ?? name) === name;
}

/** Returns true for a snapshot that Velero took in this backup; some versions of Velero do not add the uid. */
export function isOfBackup(snapshot: VolumeSnapshot | undefined, backup: Backup): boolean {
  const own = snapshot?.metadata.labels ?? {};
  const uid = own[labels.veleroBackupUid] ?? backup.metadata.uid;
  return own[labels.veleroBackupName] === labelValue(backup.metadata.name) && uid === backup.metadata.uid;
}
