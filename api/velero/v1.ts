import type { LabelSelector } from '../kubernetes/label-selector.ts';
import type { Kind, Resource } from '../kubernetes/meta.ts';

/** `velero.io/v1` and OADP's DataProtectionApplication, as far as this project reads them. */

export interface Backup extends Resource {
  spec: {
    includedNamespaces?: string[];
    excludedNamespaces?: string[];
    includedResources?: string[];
    excludedResources?: string[];
    labelSelector?: LabelSelector;
    orLabelSelectors?: LabelSelector[];
    snapshotVolumes?: boolean;
    /** Velero's own data mover is asked for; it needs Velero's CSI support. */
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

/** One volume in the hands of Velero's own data mover. */
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
    /** `aws`, `azure`, `gcp`, each also with `velero.io/` before it, or another plugin's name. */
    provider: string;
    /** For the provider's plugin. */
    config?: Record<string, string>;
    /** Absent: the secret that Velero was installed with. */
    credential?: SecretKeyRef;
    objectStorage?: {
      bucket: string;
      prefix?: string;
      /** Base64 of a PEM bundle. */
      caCert?: string;
      /** The same in a secret; since Velero 1.18. */
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
    /** The name that the first published design used. */
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
