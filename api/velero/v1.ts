import type { LabelSelector } from '../kubernetes/label-selector.ts';
import type { Kind, Resource } from '../kubernetes/meta.ts';

/** The fields of `velero.io/v1` and of OADP's DataProtectionApplication that this project reads. */

export interface Backup extends Resource {
  spec: {
    includedNamespaces?: string[];
    excludedNamespaces?: string[];
    includedResources?: string[];
    excludedResources?: string[];
    labelSelector?: LabelSelector;
    orLabelSelectors?: LabelSelector[];
    snapshotVolumes?: boolean;
    /** Enables Velero's own data mover, which needs Velero's CSI support. */
    snapshotMoveData?: boolean;
    defaultVolumesToFsBackup?: boolean;
    /** Go duration. */
    csiSnapshotTimeout?: string;
    storageLocation?: string;
    hooks?: { resources?: unknown[] };
    resourcePolicy?: { kind: string; name: string };
  };
  status?: { phase?: string };
}

export interface Restore extends Resource {
  spec: {
    backupName?: string;
    namespaceMapping?: Record<string, string>;
    includedNamespaces?: string[];
    excludedNamespaces?: string[];
    includedResources?: string[];
    excludedResources?: string[];
    labelSelector?: LabelSelector;
    orLabelSelectors?: LabelSelector[];
    restorePVs?: boolean;
    existingResourcePolicy?: string;
  };
  status?: { phase?: string };
}

/** A transfer of one volume by Velero's own data mover. */
export interface DataUpload extends Resource {
  spec: {
    sourceNamespace?: string;
    sourcePVC?: string;
  };
}

/** A key of a secret in Velero's namespace. */
export interface SecretKeyRef {
  name: string;
  key: string;
}

export interface BackupStorageLocation extends Resource {
  spec: {
    /** `aws`, `azure` or `gcp`, also with the prefix `velero.io/`, or the name of another plugin. */
    provider: string;
    /** Configuration of the provider's plugin. */
    config?: Record<string, string>;
    /** Absent: the secret of the Velero installation. */
    credential?: SecretKeyRef;
    objectStorage?: {
      bucket: string;
      prefix?: string;
      /** Base64 of a PEM bundle. */
      caCert?: string;
      /** The bundle in a secret; since Velero 1.18. */
      caCertRef?: SecretKeyRef;
    };
    default?: boolean;
    accessMode?: 'ReadWrite' | 'ReadOnly';
  };
  status?: { phase?: 'Available' | 'Unavailable'; lastValidationTime?: string };
}

export interface DataProtectionApplication extends Resource {
  spec: {
    features?: { dataMover?: { enable?: boolean } };
    /** The name in the first published design. */
    dataMoverEnable?: boolean;
  };
}

export const backups: Kind<Backup> = {
  group: 'velero.io',
  version: 'v1',
  kind: 'Backup',
  plural: 'backups',
  namespaced: true,
};
export const restores: Kind<Restore> = {
  group: 'velero.io',
  version: 'v1',
  kind: 'Restore',
  plural: 'restores',
  namespaced: true,
};
export const dataUploads: Kind<DataUpload> = {
  group: 'velero.io',
  version: 'v2alpha1',
  kind: 'DataUpload',
  plural: 'datauploads',
  namespaced: true,
};
export const backupStorageLocations: Kind<BackupStorageLocation> = {
  group: 'velero.io',
  version: 'v1',
  kind: 'BackupStorageLocation',
  plural: 'backupstoragelocations',
  namespaced: true,
};
export const dataProtectionApplications: Kind<DataProtectionApplication> = {
  group: 'oadp.openshift.io',
  version: 'v1alpha1',
  kind: 'DataProtectionApplication',
  plural: 'dataprotectionapplications',
  namespaced: true,
};
