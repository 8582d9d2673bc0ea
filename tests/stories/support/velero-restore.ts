import { backups, restores, type Backup, type Restore } from '../../../api/velero/v1.ts';
import type { DataMoverRestore } from '../../../api/datamover/v1alpha1/data-mover-restore.ts';
import { restoreName } from '../../../api/datamover/v1alpha1/names.ts';
import { APP } from '../../fakes/cluster/controller-harness.ts';
import type { RestoreStory } from './restore-story.ts';

const RESTORE_UID = '0a0a0a0a-1111-4222-8333-444444444444';

export interface Velero {
  restore?: Partial<Restore['spec']>;
  backup?: Partial<Backup['spec']>;
  phase?: string;
  namespace?: string;
}

/** Adds a Velero Restore that maps `shop` to this namespace, with the given changes. */
export function addVelero(
  { kube }: RestoreStory,
  { restore, backup, phase = 'InProgress', namespace = 'velero' }: Velero = {},
): void {
  kube.seed(backups, {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { namespace, name: 'nightly' },
    spec: { ...backup },
  });
  kube.seed(restores, {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { namespace, name: 'back', uid: RESTORE_UID },
    spec: { backupName: 'nightly', namespaceMapping: { shop: APP }, ...restore },
    status: { phase },
  });
}

/** Changes a restore to what the plugin creates for that Velero Restore. */
export function asOfVelero({ metadata }: DataMoverRestore): void {
  metadata.name = restoreName(RESTORE_UID, APP, 'restored');
  metadata.labels = { 'velero.io/restore-uid': RESTORE_UID };
  metadata.annotations = { 'oadp.openshift.io/velero-restore': 'back' };
}
