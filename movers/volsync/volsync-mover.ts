import {
  replicationDestinations,
  replicationSources,
  type ReplicationDestination,
  type ReplicationSource,
} from '../../api/volsync/v1alpha1.ts';
import { createTimeKeeper } from '../../lifecycle/request/time-limits.ts';
import type {
  BackupFacts,
  MoverRequest,
  Mover,
  MoverOutcome,
  RestoreFacts,
  RestoreMoverRequest,
} from '../mover.ts';
import { resticCapabilities } from '../restic-repository/capabilities.ts';
import { withFacts, factsAt } from '../restic-repository/job/kept-facts.ts';
import { locationOf } from '../restic-repository/job/request-objects.ts';
import { removeRepository } from '../restic-repository/maintenance/removal.ts';
import { forgetTask, pruneTask } from '../restic-repository/maintenance/maintenance-tasks.ts';
import { savedSnapshots } from '../restic-repository/transfer/saved-snapshots.ts';
import { cleanUp } from './volsync-cleanup.ts';
import { parseVolSyncConfig, refuseCache, type VolSyncConfig } from './config.ts';
import type { VolSync, VolSyncDependencies } from './dependencies.ts';
import { desiredDestination, desiredSource } from './desired.ts';
import { checkEngine } from './engine.ts';
import { followTransfer } from './follow.ts';
import { restoredBefore, restoreMetadata } from './metadata-restore.ts';
import { backupOutcome, restoreOutcome } from './proof.ts';
import { savedSnapshotIn } from './restic-log.ts';
import { startTransfer, surveyFirst } from './start.ts';
import type { Survey } from './survey.ts';
import { claimsOf, jobNameOf, leftFor, logOf, podsOf, transferOf } from './transfer.ts';
import { unlockForBackup, unlockForRestore, unlockingOf } from './unlock.ts';

/** Moves data with VolSync's restic mover: one ReplicationSource or ReplicationDestination per request. */
export function createVolSyncMover(deps: VolSyncDependencies): Mover<VolSyncConfig> {
  const volSync: VolSync = { ...deps, limits: createTimeKeeper(deps.clock) };
  const { namespace, listers, credentials, resticRunner } = deps;

  return {
    name: 'VolSync',
    ...resticCapabilities,
    requestSettings: ['cacheCapacity'],
    understands: ['Restic'],
    parseConfig: parseVolSyncConfig,
    refuseChoice: refuseCache,
    checkAccess: (request) => credentials.check(request),
    checkEngine: (signal) => checkEngine(deps, signal),
    checkStore: (request) => credentials.probe(request),
    backup(request) {
      const source = listers.sources.get(`${namespace}/${request.name}`);
      return source === undefined ? startBackup(volSync, request) : followBackup(volSync, request, source);
    },
    restore(request) {
      const destination = listers.destinations.get(`${namespace}/${request.name}`);
      if (destination !== undefined) return followRestore(volSync, request, destination);
      return startTransfer(volSync, request, {
        kind: replicationDestinations,
        build: (access) => desiredDestination(request, namespace, access),
      });
    },
    verify: (request) => deps.verifier.verify(request, transferOf(volSync, request).cached),
    children: () => [...listers.sources.list(), ...listers.destinations.list(), ...resticRunner.jobs()],
    forget: (request) => resticRunner.run(request, forgetTask(request)),
    prune: (request) => resticRunner.run(request, pruneTask(request)),
    removeRepository: (request) => removeRepository(resticRunner, request),
    savedSnapshots: (request) =>
      savedSnapshots(deps.podLogs, {
        job: jobNameOf(request),
        pods: podsOf(volSync, request),
        follow: (pod) => logOf(volSync, request, pod),
        idsIn: (lines) => [savedSnapshotIn(lines)].filter((id) => id !== undefined),
        signal: request.signal,
      }),
    cleanup: (request) => cleanUp(volSync, request),
    claimsOf,
  };
}

async function startBackup(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
): Promise<MoverOutcome<BackupFacts>> {
  const found = await surveyFirst(volSync, request);
  if (found.state !== 'Done') return found;
  return startTransfer(volSync, request, {
    kind: replicationSources,
    build: (access) => {
      const source = desiredSource(request, volSync.namespace, access);
      return { ...source, metadata: withFacts(source.metadata, found.facts) };
    },
  });
}

async function followBackup(
  volSync: VolSync,
  request: MoverRequest<VolSyncConfig>,
  source: ReplicationSource,
): Promise<MoverOutcome<BackupFacts>> {
  const outcome = await followTransfer(volSync, request, {
    kind: replicationSources,
    object: source,
    unlocking: unlockingOf(source),
    unlock: (job) => unlockForBackup(volSync, request, job),
    prove: (observed) => backupOutcome(observed, source.status?.lastSyncTime, leftFor(volSync, request)),
  });
  return withFactsAt(source, outcome);
}

async function followRestore(
  volSync: VolSync,
  request: RestoreMoverRequest<VolSyncConfig>,
  destination: ReplicationDestination,
): Promise<MoverOutcome<RestoreFacts>> {
  const { resticRunner, credentials } = volSync;
  const before = restoredBefore(resticRunner, request, destination);
  if (before !== undefined) return restoreMetadata(volSync, request, { destination, moved: before });
  const wanted = { ...request, context: credentials.contextOf(request, locationOf(destination)) };
  const doneAt = resticRunner.doneAt(request);
  const outcome = await followTransfer(volSync, request, {
    kind: replicationDestinations,
    object: destination,
    unlocking: doneAt === undefined ? { isPossible: true } : { isPossible: false, doneAt },
    unlock: () => unlockForRestore(volSync, request, destination),
    prove: (observed) =>
      restoreOutcome(observed, wanted, destination.status?.lastSyncTime, leftFor(volSync, request)),
  });
  if (outcome.state !== 'Done') return outcome;
  return restoreMetadata(volSync, request, { destination, moved: outcome.facts });
}

/** Adds the location of the repository and the facts of the survey to a finished backup. */
function withFactsAt(
  source: ReplicationSource,
  outcome: MoverOutcome<BackupFacts>,
): MoverOutcome<BackupFacts> {
  if (outcome.state !== 'Done') return outcome;
  const location = locationOf(source);
  const found = {
    ...(factsAt(source) as Survey | undefined),
    ...(location !== undefined && { backupStorageLocation: location }),
  };
  return { ...outcome, facts: { ...outcome.facts, ...found } };
}
