/**
 * The API: kinds, labels, annotations and names, and the reasons of outcomes.
 *
 * @packageDocumentation
 */
export { apiVersionOf, formatKey, keyOf, parseKey } from './kubernetes/meta.ts';
export type { Condition, Key, Kind, ObjectMeta, OwnerReference, Resource } from './kubernetes/meta.ts';
export {
  dataMoverBackups,
  dataMoverClasses,
  dataMoverDeletes,
  dataMoverPrunes,
  dataMoverRestores,
} from './datamover/v1alpha1/kinds.ts';
export type { DataMoverBackup } from './datamover/v1alpha1/data-mover-backup.ts';
export type { DataMoverClass } from './datamover/v1alpha1/data-mover-class.ts';
export type { DataMoverDelete } from './datamover/v1alpha1/data-mover-delete.ts';
export type { DataMoverPrune } from './datamover/v1alpha1/data-mover-prune.ts';
export type { DataMoverRestore } from './datamover/v1alpha1/data-mover-restore.ts';
export { annotations, GROUP, labels, VERSION } from './datamover/v1alpha1/keys.ts';
export { conditionTypes, eventReasons, failureReasons } from './datamover/v1alpha1/reasons.ts';
export type { ConditionType, EventReason, FailureReason } from './datamover/v1alpha1/reasons.ts';
export {
  configMaps,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
} from './kubernetes/core.ts';
export type {
  ConfigMap,
  ContainerStatus,
  Job,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
} from './kubernetes/core.ts';
