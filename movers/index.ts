/**
 * The interface of a data mover and its dependencies.
 *
 * @packageDocumentation
 */
export type {
  AccessMode,
  AccessRequest,
  AnyMover,
  BackupFacts,
  Finding,
  ForgetFacts,
  ForgetRequest,
  Mover,
  MoverCapabilities,
  MoverOutcome,
  MoverProgress,
  MoverRequest,
  MoverTarget,
  PruneFacts,
  Refusal,
  RemovalFacts,
  RepositoryRequest,
  RequestKind,
  RestoreFacts,
  RestoreMoverRequest,
  RootFolder,
  SnapshotIDs,
  StagedVolume,
  VerifyFacts,
  VerifyLevel,
  VerifyRequest,
  WorkRequest,
} from './mover.ts';
export type { MoverDependencies, MoverFactory } from './factory.ts';
export { requestUidOf } from '../lifecycle/request/child-identity.ts';
export type { Cleaner, Target } from '../kube/runtime/deleter.ts';
export { nameOf } from '../kube/runtime/deleter.ts';
export type { Creator } from '../kube/runtime/creator.ts';
export type { VeleroLocation } from './velero-location.ts';
export type { Logger } from '../telemetry/log.ts';
