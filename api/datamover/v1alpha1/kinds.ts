import type { Kind, Resource } from '../../kubernetes/meta.ts';
import type { DataMoverBackup } from './data-mover-backup.ts';
import type { DataMoverClass } from './data-mover-class.ts';
import type { DataMoverDelete } from './data-mover-delete.ts';
import type { DataMoverPrune } from './data-mover-prune.ts';
import type { DataMoverRestore } from './data-mover-restore.ts';
import { GROUP, VERSION } from './keys.ts';

/** Coordinates of our kinds. Imports no schema: the plugin must start without zod. */

function ours<T extends Resource>(kind: string, plural: string, namespaced = true): Kind<T> {
  return { group: GROUP, version: VERSION, kind, plural, namespaced };
}

export const dataMoverClasses = ours<DataMoverClass>('DataMoverClass', 'datamoverclasses', false);
export const dataMoverBackups = ours<DataMoverBackup>('DataMoverBackup', 'datamoverbackups');
export const dataMoverRestores = ours<DataMoverRestore>('DataMoverRestore', 'datamoverrestores');
export const dataMoverDeletes = ours<DataMoverDelete>('DataMoverDelete', 'datamoverdeletes');
export const dataMoverPrunes = ours<DataMoverPrune>('DataMoverPrune', 'datamoverprunes');

/** The type of each kind of requests. */
export interface Requests {
  backup: DataMoverBackup;
  restore: DataMoverRestore;
  delete: DataMoverDelete;
  prune: DataMoverPrune;
}
