import { jobs, type Job } from '../../api/kubernetes/core.ts';
import type { Resource } from '../../api/kubernetes/meta.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resticCapabilities } from '../restic-repository/capabilities.ts';
import { locationOf } from '../restic-repository/job/request-objects.ts';
import { removalOf, removeRepository } from '../restic-repository/maintenance/removal.ts';
import { waitForDeletion } from '../restic-repository/access/credential-rotation.ts';
import type { RepositoryTools } from '../restic-repository/install.ts';
import type { RepositoryTask } from '../restic-repository/job/repository-task.ts';
import { OWN_JOB_INDEX } from '../restic-repository/job/runner.ts';
import { forgetTask, pruneTask } from '../restic-repository/maintenance/maintenance-tasks.ts';
import { savedSnapshots } from '../restic-repository/transfer/saved-snapshots.ts';
import type { Verifier } from '../restic-repository/verification/verify.ts';
import type { Mover, MoverOutcome, MoverRequest, MoverTarget, RestoreFacts } from '../mover.ts';
import type { Caches } from './caches.ts';
import { parseResticConfig, type ResticConfig } from './config.ts';
import { readMessages } from '../restic-repository/transfer/transfer-messages.ts';
import { snapshotsIn } from './proof.ts';
import { backupTask, restoreTask } from './transfers.ts';

export interface ResticDependencies extends RepositoryTools {
  client: KubeClient;
  /** The protected namespace. */
  namespace: string;
  verifier: Verifier;
  caches: Caches;
  /** Enqueues a request, by the name of its children. */
  wake: (child: string) => void;
}

/** Creates the mover that uses restic alone: one of our Jobs per request, on the staging volume. */
export function createResticMover(deps: ResticDependencies): Mover<ResticConfig> {
  const { namespace, resticRunner, podLogs, caches } = deps;

  const idOf = ({ name }: MoverTarget): string => `${namespace}/${name}`;
  const jobOf = (request: MoverTarget): Job | undefined => deps.ownJobs.store.get(idOf(request));

  /** Runs one Job per request at a time: if a Job was deleted, waits for its pods to end before creating another. */
  async function transfer<Facts>(
    request: MoverRequest<ResticConfig>,
    task: RepositoryTask<Facts>,
  ): Promise<MoverOutcome<Facts>> {
    const job = jobOf(request);
    if (job?.metadata.deletionTimestamp !== undefined) return waitForDeletion(job);
    const former = job === undefined ? deps.ownPods.store.byIndex(OWN_JOB_INDEX, idOf(request)) : [];
    if (former.length > 0) return waitForDeletion(...former);
    const outcome = await resticRunner.run(request, task);
    if (outcome.state !== 'Failed' || job === undefined) return outcome;
    const live = (): Promise<Job | undefined> => newest(request);
    return (
      (await deps.rotation.restartTransfer(request, { kind: jobs, object: job, live }, outcome)) ?? outcome
    );
  }

  /** Reads the Job from the API server. Uses a list, because the controller has that permission anyway. */
  async function newest({ name, signal }: MoverRequest<ResticConfig>): Promise<Job | undefined> {
    const named = { namespace, fieldSelector: `metadata.name=${name}`, signal };
    return (await deps.client.listPage(jobs, named)).items[0];
  }

  return {
    name: 'Restic',
    ...resticCapabilities,
    requestSettings: [],
    understands: ['VolSync'],
    parseConfig: parseResticConfig,

    checkAccess: (request) => deps.credentials.check(request),

    checkStore: (request) => deps.credentials.probe(request),

    async backup(request) {
      const { repositoryPath, signal } = request;
      const outcome = await transfer(
        request,
        backupTask(request, () => caches.claimFor(request)),
      );
      // The next backup creates a cache in the zone of its volume.
      if (cannotMeet(outcome)) await caches.remove(repositoryPath, signal);
      const location = withLocation(jobOf(request));
      return outcome.state === 'Done' ? { ...outcome, facts: { ...outcome.facts, ...location } } : outcome;
    },

    async restore(request) {
      return proved(await transfer(request, restoreTask(request)), request.snapshotID);
    },

    verify: (request) => deps.verifier.verify(request, jobOf(request)),

    forget: (request) => resticRunner.run(request, forgetTask(request)),

    prune: (request) => resticRunner.run(request, pruneTask(request)),

    async removeRepository(request) {
      const outcome = await removeRepository(resticRunner, request);
      if (outcome.state === 'Done' && outcome.facts.kept === undefined)
        await caches.remove(request.repositoryPath, request.signal);
      return outcome;
    },

    savedSnapshots: (request) =>
      savedSnapshots(podLogs, {
        job: request.name,
        pods: deps.ownPods.store.byIndex(OWN_JOB_INDEX, idOf(request)),
        follow: (pod) => podLogs.of(pod, () => deps.wake(request.name)),
        idsIn: (lines) => snapshotsIn(readMessages(lines)),
        signal: request.signal,
      }),

    async cleanup(request) {
      const runs = request.kind === 'prune' ? [request, removalOf(request)] : [request];
      await caches.removeOld(request.signal);
      const left = await Promise.all(runs.map((run) => resticRunner.cleanup(run)));
      return [...left.flat(), ...deps.verifier.remains(request)];
    },

    children: () => resticRunner.jobs(),

    claimsOf: () => [],
  };
}

/** Returns true if no node can mount both the volume and the cache. Matches the scheduler's message. */
function cannotMeet(outcome: MoverOutcome<unknown>): boolean {
  return outcome.state === 'InProgress' && outcome.message.includes('volume node affinity conflict');
}

/** Returns the location of the repository, for the record. */
function withLocation(job: Resource | undefined): { backupStorageLocation?: string } {
  const location = job === undefined ? undefined : locationOf(job);
  return location === undefined ? {} : { backupStorageLocation: location };
}

/** Fails a run that succeeded but whose log does not name the restored snapshot. */
function proved(
  outcome: MoverOutcome<RestoreFacts | undefined>,
  snapshotID: string,
): MoverOutcome<RestoreFacts> {
  if (outcome.state !== 'Done') return outcome;
  if (outcome.facts !== undefined) return { ...outcome, facts: outcome.facts };
  const message = `restic succeeded, but its log does not show that snapshot ${snapshotID} was restored`;
  return { state: 'Failed', reason: 'MoverFailed', message };
}
