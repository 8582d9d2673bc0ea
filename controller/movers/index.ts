/**
 * What a data mover is, and what it is given to work with.
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
export { requestUidOf } from '../request/children.ts';
export type { Cleaner, Target } from '../request/cleaner.ts';
export { nameOf } from '../request/cleaner.ts';
export type { Creator } from '../request/creation.ts';
export type { VeleroLocation } from '../repository/velero-location.ts';
export type { Logger } from '../../telemetry/log.ts';
