import type { Lister } from '../../kube/cache/lister.ts';
import { secrets, type Job, type Pod } from '../../api/kubernetes/core.ts';
import {
  replicationDestinations,
  replicationSources,
  type ReplicationDestination,
  type ReplicationSource,
} from '../../api/volsync/v1alpha1.ts';
import { keyOf, type Kind, type Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { isNotFound } from '../../kube/client/kube-error.ts';
import type { Clock } from '../../kube/runtime/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { requestUidOf } from '../../lifecycle/request/child-identity.ts';
import { createTimeKeeper } from '../../lifecycle/request/time-limits.ts';
import { nameOf, type Cleaner } from '../../kube/runtime/deleter.ts';
import type { Creator } from '../../kube/runtime/creator.ts';
import type { BackupFacts, Mover, MoverOutcome, MoverRequest, MoverTarget } from '../mover.ts';
import { parseVolSyncConfig, refuseCache, type VolSyncConfig } from './config.ts';
import { resticAbilities } from '../restic-repository/capabilities.ts';
import { desiredSecret, locationOf } from '../restic-repository/job/request-objects.ts';
import { desiredDestination, desiredSource } from './desired.ts';
import { checkEngine, isInstalled, notInstalled } from './engine.ts';
import { hasEnded, letGo } from './detach.ts';
import { judge, type TimeLeft, type Unlocking, type Verdict } from './observation.ts';
import type { Access, Credentials } from '../restic-repository/access/credentials.ts';
import { savedSnapshots } from '../restic-repository/transfer/saved-snapshots.ts';
import { newestPod } from '../restic-repository/job/newest-pod.ts';
import type { PodLog, PodLogs } from '../restic-repository/log/pod-logs.ts';
import { backupOutcome, restoreOutcome } from './proof.ts';
import { outgoing, withActivity, type Renewal } from '../restic-repository/access/credential-rotation.ts';
import { savedSnapshotIn } from './restic-log.ts';
import { METADATA, restoredBefore, restoreMetadata } from './metadata-restore.ts';
import { survey, SURVEY, type Survey } from './survey.ts';
import type { ResticRunner } from '../restic-repository/job/runner.ts';
import type { VolumeAccess } from '../restic-repository/job/volume-access.ts';
import { keeping, keptAt } from '../restic-repository/job/kept-facts.ts';
import { removalOf, removeRepository } from '../restic-repository/maintenance/removal.ts';
import { forgetTask, pruneTask, unlockTask } from '../restic-repository/maintenance/upkeep.ts';
import type { Verifier } from '../restic-repository/verification/verify.ts';

/** What the mover reads of the protected namespace. */
export interface VolSyncListers {
  sources: Lister<ReplicationSource>;
  destinations: Lister<ReplicationDestination>;
  jobs: Lister<Job>;
  /** Indexed by {@link JOB_INDEX}. */
  pods: Lister<Pod>;
  claims: Lister<Resource>;
}

/** Index of pods by the name of the Job that made them. */
export const JOB_INDEX = 'job';

export interface VolSyncDependencies {
  /** The protected namespace. */
  namespace: string;
  client: KubeClient;
  listers: VolSyncListers;
  podLogs: PodLogs;
  credentials: Credentials;
  resticRunner: ResticRunner;
  verifier: Verifier;
  access: VolumeAccess;
  renewal: Renewal;
  creator: Creator;
  cleaner: Cleaner;
  now: () => Date;
  clock: Clock;
  /** Asks for another look at a request, by the name of its children. */
  wake: (child: string) => void;
  log: Logger;
}

type Transfer = ReplicationSource | ReplicationDestination;

/** A transfer under way, and what is done when it meets a lock. */
interface Followed<T> {
  kind: Kind<T & Resource>;
  object: T;
  unlocking: Unlocking;
  /** `job` is the uid of the Job that met it. */
  unlock: (job: string) => Promise<MoverOutcome<never>>;
}

/** Moves data with VolSync's restic mover: one ReplicationSource or ReplicationDestination per request. */
export function createVolSyncMover(deps: VolSyncDependencies): Mover<VolSyncConfig> {
  const { namespace, listers } = deps;
  const keeper = createTimeKeeper(deps.clock);

  function leftFor({ name }: MoverTarget): TimeLeft {
    return (since, seconds) => keeper.of(name).endOf(since, seconds) - deps.clock.now();
  }

  /** Everything the transfer needs, made in the order in which VolSync looks for it. */
  async function start<T extends Resource>(
    request: MoverRequest<VolSyncConfig>,
    kind: Kind<T>,
    build: (access: Access) => T,
  ): Promise<MoverOutcome<never>> {
    const former = formerOf(request);
    if (former.length > 0) return outgoing(...former);
    const found = await deps.credentials.of(request);
    if ('state' in found) return found;
    await request.assertCurrent();
    await deps.creator.createOnce(secrets, desiredSecret(request, namespace, found.data), request.signal);
    try {
      await deps.creator.createOnce(kind, build(found), request.signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return notInstalled(kind.kind);
    }
    return {
      state: 'InProgress',
      started: false,
      message: 'VolSync is asked to transfer the data',
      lastActivity: deps.now().toISOString(),
    };
  }

  /** No volume is looked at for a VolSync that is not there. */
  async function surveyFirst(request: MoverRequest<VolSyncConfig>): Promise<MoverOutcome<Survey>> {
    const isBegun = deps.resticRunner.jobOf(request, SURVEY) !== undefined;
    if (!isBegun && !(await isInstalled(deps, request.signal))) return notInstalled(replicationSources.kind);
    return survey(deps, request);
  }

  /** What VolSync is asked by. */
  function transferOf({ kind, name }: MoverTarget) {
    const id = `${namespace}/${name}`;
    return kind === 'backup'
      ? { kind: replicationSources, cached: listers.sources.get(id) }
      : { kind: replicationDestinations, cached: listers.destinations.get(id) };
  }

  function podsOf(request: MoverTarget): Pod[] {
    return listers.pods.byIndex(JOB_INDEX, `${namespace}/${jobNameOf(request)}`);
  }

  function logOf({ name }: MoverTarget, pod: Pod): PodLog {
    return deps.podLogs.of(pod, () => deps.wake(name));
  }

  /** What a backup saved at the last moment stands in them. */
  function unreadLogsOf(request: MoverTarget): string[] {
    const job = jobNameOf(request);
    const isRead = deps.podLogs.ofJob(job).every(({ complete }) => complete);
    return request.kind !== 'backup' || isRead ? [] : [`the log of Job ${job}`];
  }

  /** What an earlier transfer of that name has left, which VolSync would take for the new one's. */
  function formerOf(request: MoverTarget): Resource[] {
    const job = listers.jobs.get(`${namespace}/${jobNameOf(request)}`);
    return [...podsOf(request), job].filter((object) => object !== undefined);
  }

  /** Follows a transfer to its end; one that fails may be made anew. */
  async function follow<T extends Transfer, Facts>(
    request: MoverRequest<VolSyncConfig>,
    { kind, object, unlocking, unlock }: Followed<T>,
    prove: (verdict: Verdict) => MoverOutcome<Facts>,
  ): Promise<MoverOutcome<Facts>> {
    if (object.metadata.deletionTimestamp !== undefined) return outgoing(object);
    const verdict = look(request, object, unlocking);
    if (verdict.state === 'Failed') {
      if (verdict.lockMetBy !== undefined) return unlock(verdict.lockMetBy);
      const transfer = {
        kind,
        object,
        letGo: () => letGo(deps.client, { kind, key: keyOf(object) }, request.signal),
      };
      return (await deps.renewal.takeBack(request, transfer, verdict)) ?? verdict;
    }
    const outcome = prove(verdict);
    // One that was made anew has its own time to start.
    return outcome.state === 'InProgress' && !outcome.started
      ? withActivity(outcome, object.metadata.creationTimestamp)
      : outcome;
  }

  function look(request: MoverRequest<VolSyncConfig>, transfer: Transfer, unlocking: Unlocking): Verdict {
    const pods = podsOf(request);
    const pod = newestPod(pods);
    // Every try of a backup may have saved a snapshot.
    for (const one of pods) logOf(request, one);
    return judge({
      tag: request.name,
      status: transfer.status,
      job: listers.jobs.get(`${namespace}/${jobNameOf(request)}`),
      pod,
      podLog: pod && logOf(request, pod),
      place: deps.credentials.placeOf(request, locationOf(transfer)),
      unlocking,
      left: leftFor(request),
    });
  }

  /**
   * Lets VolSync remove the locks that nobody has refreshed for half an hour and run the mover again. Not from the start:
   * where a repository cannot be reached, that would hide it for a quarter of an hour.
   */
  async function unlockForBackup(
    { name, signal }: MoverRequest<VolSyncConfig>,
    job: string,
  ): Promise<MoverOutcome<never>> {
    const patch = { spec: { restic: { unlock: job } } };
    await deps.client.mergePatch(replicationSources, { namespace, name }, patch, { signal });
    const message = 'the repository is locked: VolSync is asked to remove stale locks';
    return { state: 'InProgress', started: true, message };
  }

  /** VolSync has no way to do it for a restore; the mover's own next try finds the repository unlocked. */
  async function unlockForRestore(
    request: MoverRequest<VolSyncConfig>,
    { apiVersion, kind, metadata: { name, uid = '' } }: ReplicationDestination,
  ): Promise<MoverOutcome<never>> {
    const outcome = await deps.resticRunner.run(
      request,
      unlockTask(request.config, { apiVersion, kind, name, uid }),
    );
    if (outcome.state !== 'Done') return outcome;
    return { state: 'InProgress', started: true, message: 'stale locks of the repository are removed' };
  }

  return {
    name: 'VolSync',
    ...resticAbilities,
    requestSettings: ['cacheCapacity'],
    understands: ['Restic'],
    parseConfig: parseVolSyncConfig,
    refuseChoice: refuseCache,

    checkAccess: (request) => deps.credentials.check(request),

    checkEngine: (signal) => checkEngine(deps, signal),

    checkStore: (request) => deps.credentials.probe(request),

    async backup(request) {
      const source = listers.sources.get(`${namespace}/${request.name}`);
      if (source === undefined) {
        const found = await surveyFirst(request);
        if (found.state !== 'Done') return found;
        return start(request, replicationSources, (access) => {
          const made = desiredSource(request, namespace, access);
          return { ...made, metadata: keeping(made.metadata, found.facts) };
        });
      }
      const transfer = {
        kind: replicationSources,
        object: source,
        unlocking: unlockingOf(source),
        unlock: (job: string) => unlockForBackup(request, job),
      };
      const outcome = await follow(request, transfer, (verdict) =>
        backupOutcome(verdict, source.status?.lastSyncTime, leftFor(request)),
      );
      return withFactsAt(source, outcome);
    },

    async restore(request) {
      const destination = listers.destinations.get(`${namespace}/${request.name}`);
      if (destination === undefined) {
        return start(request, replicationDestinations, (access) =>
          desiredDestination(request, namespace, access),
        );
      }
      const moved = restoredBefore(deps.resticRunner, request, destination);
      if (moved !== undefined) return restoreMetadata(deps, request, { destination, moved });
      const wanted = { ...request, place: deps.credentials.placeOf(request, locationOf(destination)) };
      const doneAt = deps.resticRunner.doneAt(request);
      const transfer = {
        kind: replicationDestinations,
        object: destination,
        unlocking: doneAt === undefined ? { isPossible: true } : { isPossible: false, doneAt },
        unlock: () => unlockForRestore(request, destination),
      };
      const outcome = await follow(request, transfer, (verdict) =>
        restoreOutcome(verdict, wanted, destination.status?.lastSyncTime, leftFor(request)),
      );
      if (outcome.state !== 'Done') return outcome;
      return restoreMetadata(deps, request, { destination, moved: outcome.facts });
    },

    verify: (request) => deps.verifier.verify(request, transferOf(request).cached),

    children: () => [...listers.sources.list(), ...listers.destinations.list(), ...deps.resticRunner.jobs()],

    forget: (request) => deps.resticRunner.run(request, forgetTask(request)),

    prune: (request) => deps.resticRunner.run(request, pruneTask(request)),

    removeRepository: (request) => removeRepository(deps.resticRunner, request),

    savedSnapshots: (request) =>
      savedSnapshots(deps.podLogs, {
        job: jobNameOf(request),
        pods: podsOf(request),
        follow: (pod) => logOf(request, pod),
        idsIn: (lines) => [savedSnapshotIn(lines)].filter((id) => id !== undefined),
        signal: request.signal,
      }),

    async cleanup(request) {
      if (usesResticOnly(request)) {
        const runs = request.kind === 'prune' ? [request, removalOf(request)] : [request];
        return (await Promise.all(runs.map((run) => deps.resticRunner.cleanup(run)))).flat();
      }
      const { name, signal } = request;
      const key = { namespace, name };
      const transfer = { ...transferOf(request), key };
      const isOver = hasEnded(name, transfer.cached?.status);
      const movers = podsOf(request);
      // Foreground: VolSync's Job, pod and cache claim go before the object that owns them does.
      const left = await deps.cleaner.remove(
        requestUidOf(request),
        [
          {
            ...transfer,
            propagationPolicy: 'Foreground',
            ...(!isOver && { prepare: (within) => letGo(deps.client, transfer, within) }),
          },
          { kind: secrets, key, cached: undefined },
        ],
        signal,
      );
      const claims = claimsOf(request).map((claim) => listers.claims.get(`${namespace}/${claim}`));
      const objects = [...movers, ...claims.filter((claim) => claim !== undefined)];
      const own = [
        ...deps.resticRunner.remains(request),
        ...deps.resticRunner.remains(request, METADATA),
        ...deps.verifier.remains(request),
        ...(request.kind === 'backup' ? await deps.resticRunner.remove(request, SURVEY) : []),
      ];
      const all = [...left, ...objects.map(nameOf), ...own, ...unreadLogsOf(request)];
      keeper.forget(name);
      if (all.length === 0) deps.podLogs.drop(jobNameOf(request));
      return all;
    },

    claimsOf,
  };
}

/** The record says where the repository is, and what was found before VolSync began. */
function withFactsAt(
  source: ReplicationSource,
  outcome: MoverOutcome<BackupFacts>,
): MoverOutcome<BackupFacts> {
  if (outcome.state !== 'Done') return outcome;
  const location = locationOf(source);
  const found = {
    ...(keptAt(source) as Survey | undefined),
    ...(location !== undefined && { backupStorageLocation: location }),
  };
  return { ...outcome, facts: { ...outcome.facts, ...found } };
}

/** VolSync does it once for each new value of the field, which therefore names what it was done for. */
function unlockingOf({ spec: { restic } }: ReplicationSource): Unlocking {
  return restic?.unlock === undefined
    ? { isPossible: true }
    : { isPossible: false, lockMetBy: restic.unlock };
}

/** VolSync's naming; our names are short enough that it never abbreviates them. */
function jobNameOf({ kind, name }: MoverTarget): string {
  return kind === 'backup' ? `volsync-src-${name}` : `volsync-dst-${name}`;
}

/** No volume and no VolSync is needed for it. */
function usesResticOnly({ kind }: MoverTarget): boolean {
  return kind === 'delete' || kind === 'prune';
}

function claimsOf(target: MoverTarget): string[] {
  return usesResticOnly(target) ? [] : [`${jobNameOf(target)}-cache`];
}
