import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/kubernetes/core.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../api/kubernetes/snapshot.ts';
import type { Backup, Restore } from '../../api/velero/v1.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import type { DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import { annotations } from '../../api/datamover/v1alpha1/keys.ts';
import type { LogFields, Logger } from '../../telemetry/log.ts';

/** For tests: minimal objects that Velero and its plugins exchange. */

interface Meta {
  uid?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export function aBackup(spec: Backup['spec'] = {}, phase = 'InProgress'): Backup {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'daily', namespace: 'velero', uid: 'backup-uid' },
    spec,
    status: { phase },
  };
}

export function aRestore(spec: Restore['spec'] = {}): Restore {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name: 'again', namespace: 'velero', uid: 'restore-uid' },
    spec: { backupName: 'daily', ...spec },
    status: { phase: 'InProgress' },
  };
}

/** A bound claim in namespace `app` with the uid `uid-<name>`. */
export function aClaim(name = 'data', meta: Meta = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'app', uid: `uid-${name}`, ...meta },
    spec: { accessModes: ['ReadWriteOnce'], volumeName: `pv-${name}` },
    status: { phase: 'Bound' },
  };
}

/** The volume of {@link aClaim}. */
export function aVolume(claimName = 'data', meta: Meta = {}): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pv-${claimName}`, ...meta },
    spec: { claimRef: { namespace: 'app', name: claimName, uid: `uid-${claimName}` } },
  };
}

/** A running pod in namespace `app` that mounts the claims. */
export function aPod(name: string, claims: string[], meta: Meta = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'app', ...meta },
    spec: {
      containers: [{ name: 'main' }],
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    },
    status: { phase: 'Running' },
  };
}

export function aClass(name: string, how: { default?: boolean; selector?: string } = {}): DataMoverClass {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverClass',
    metadata: {
      name,
      annotations: how.default === true ? { [annotations.defaultClass]: 'true' } : {},
    },
    spec: {
      mover: 'VolSync',
      ...(how.selector === undefined ? {} : { selector: how.selector }),
    } as DataMoverClass['spec'],
  };
}

/** The VolumeSnapshot that Velero's CSI support took of the claim in the backup `daily`. */
export function aSnapshot(claimName = 'data', meta: Meta = {}): VolumeSnapshot {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: {
      name: `velero-${claimName}`,
      namespace: 'app',
      labels: { 'velero.io/backup-name': 'daily' },
      ...meta,
    },
    spec: { source: { persistentVolumeClaimName: claimName } },
  };
}

/** The content of {@link aSnapshot}. */
export function aContent(claimName = 'data', meta: Meta = {}): VolumeSnapshotContent {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: `snapcontent-${claimName}`, ...meta },
    spec: {
      deletionPolicy: 'Retain',
      driver: 'csi',
      source: { volumeHandle: 'x' },
      volumeSnapshotRef: { namespace: 'app', name: `velero-${claimName}` },
    },
  };
}

/** A finished DataMoverBackup of the claim `data` of namespace `app`, as stored in the backup `daily`. */
export function aRecord(status: DataMoverBackup['status'] = {}): DataMoverBackup {
  return {
    apiVersion: 'oadp.openshift.io/v1alpha1',
    kind: 'DataMoverBackup',
    metadata: { name: 'dmb-1', namespace: 'app', labels: { 'velero.io/backup-name': 'daily' } },
    spec: { dataMoverClass: 'standard', dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } },
    status: {
      phase: 'Completed',
      result: { mover: 'VolSync', repository: 'c/app/data', snapshotID: 'abc' },
      ...status,
    },
  };
}

export interface LoggedLine {
  level: string;
  message: string;
  fields: LogFields;
}

/** A log that keeps its lines. */
export function recordingLog(): { log: Logger; lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at = (fields: LogFields): Logger => {
    const line =
      (level: string) =>
      (first: LogFields | string, second?: string): void => {
        const own = typeof first === 'string' ? {} : first;
        const message = typeof first === 'string' ? first : (second ?? '');
        lines.push({ level, message, fields: { ...fields, ...own } });
      };
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (more) => at({ ...fields, ...more }),
    };
  };
  return { log: at({}), lines };
}
