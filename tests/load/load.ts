import type { PersistentVolumeClaim } from '../../api/kubernetes/core.ts';
import { apiVersionOf } from '../../api/kubernetes/meta.ts';
import type { DataMoverBackup } from '../../api/datamover/v1alpha1/data-mover-backup.ts';
import { dataMoverClassSpec, type DataMoverClass } from '../../api/datamover/v1alpha1/data-mover-class.ts';
import type { DataMoverDelete } from '../../api/datamover/v1alpha1/data-mover-delete.ts';
import { FINALIZER } from '../../api/datamover/v1alpha1/keys.ts';
import { dataMoverBackups, dataMoverClasses, dataMoverDeletes } from '../../api/datamover/v1alpha1/kinds.ts';
import type { Mover } from '../../movers/mover.ts';
import { instantMover } from '../fakes/instant-mover.ts';

/** Many requests, for tests of how the work of the controller grows with their number. */

export const VELERO = 'velero';

/** Deletes at once; a backup runs until a test ends it. */
export const patientMover: Mover = {
  ...instantMover,
  snapshotIDs: { pattern: /[0-9a-f]{16}/, form: '16 hexadecimal digits' },
  backup: () => Promise.resolve({ state: 'InProgress', started: true, message: 'moving' }),
  restore: () => Promise.resolve({ state: 'InProgress', started: true, message: 'moving' }),
};

const WEEK = 7 * 24 * 3_600;

export function classOf(name: string, atOnce: number): DataMoverClass {
  const limits = { backups: atOnce, deletes: atOnce, backupsPerNode: 1_000 };
  // What no test ends stays unchanged, even if the machine is slow.
  const deadlines = { stagingSeconds: WEEK, moverStartSeconds: WEEK, noProgressSeconds: WEEK };
  return {
    apiVersion: apiVersionOf(dataMoverClasses),
    kind: dataMoverClasses.kind,
    metadata: { name },
    spec: dataMoverClassSpec.parse({ mover: patientMover.name, limits, deadlines }),
  };
}

/** Returns a delete with a repository of its own. */
export function deleteOf(index: number, className: string): DataMoverDelete {
  const name = `load-${String(index).padStart(5, '0')}`;
  return {
    apiVersion: apiVersionOf(dataMoverDeletes),
    kind: dataMoverDeletes.kind,
    metadata: { namespace: VELERO, name },
    spec: {
      dataMoverClass: className,
      backupName: name,
      backupNamespace: 'app',
      result: { mover: patientMover.name, repository: `c1/app/${name}`, snapshotID: '0123456789abcdef' },
    },
  };
}

/** Returns the claim of the backup with this name. */
export function claimOf(name: string): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'app', name },
    spec: { accessModes: ['ReadWriteOnce'], volumeName: `pv-${name}` },
    status: { phase: 'Bound' },
  };
}

/** Returns a backup whose snapshot was taken: queued, moving or ended. The first one is created at `begin`. */
export function backupIn(
  phase: 'Queued' | 'Moving' | 'Completed',
  index: number,
  begin = Date.UTC(2025, 11, 31),
): DataMoverBackup {
  const name = `load-${String(index).padStart(5, '0')}`;
  // Several in one second, as when Velero creates them.
  const time = new Date(begin + Math.floor(index / 3) * 1_000).toISOString();
  const ended = { completionTimestamp: time, result: resultOf(name) };
  return {
    apiVersion: apiVersionOf(dataMoverBackups),
    kind: dataMoverBackups.kind,
    metadata: {
      namespace: 'app',
      name,
      uid: `uid-of-${name}`,
      creationTimestamp: time,
      generation: 1,
      finalizers: phase === 'Completed' ? [] : [FINALIZER],
    },
    spec: { dataSourceRef: { kind: 'PersistentVolumeClaim', name } },
    status: {
      phase,
      startTimestamp: time,
      dataMoverClass: 'load',
      mover: patientMover.name,
      volume: {
        pvcName: name,
        namespace: 'app',
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        capacity: '1Gi',
      },
      capture: {
        consistency: 'PointInTime',
        time,
        driver: 'csi.example.com',
        snapshotHandle: name,
        volumeSnapshot: name,
        volumeSnapshotContent: name,
        owned: false,
      },
      repositoryPath: `c1/app/${name}`,
      ...(phase !== 'Queued' && { admittedAt: time, movingSince: time }),
      ...(phase === 'Completed' && ended),
    },
  };
}

function resultOf(name: string) {
  return {
    mover: patientMover.name,
    repository: `c1/app/${name}`,
    snapshotID: '0123456789abcdef',
    consistency: 'PointInTime' as const,
  };
}
