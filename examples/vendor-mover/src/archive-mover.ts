import { jobs, labels, pods, secrets, type Job, type Pod } from 'velero-datamover/api';
import type { ReadonlyStore } from 'velero-datamover/kube';
import {
  nameOf,
  requestUidOf,
  type AccessRequest,
  type Mover,
  type MoverDependencies,
  type MoverOutcome,
  type MoverTarget,
  type Refusal,
  type RepositoryRequest,
} from 'velero-datamover/mover';
import { parseConfig, SECRET_KEYS, type ArchiveConfig } from './config.ts';
import { desiredJob, type Task } from './job.ts';
import { judge, type Report } from './outcome.ts';

const BY_JOB = 'job';

/** Watches the Jobs of this mover and their pods, and creates the mover. */
export function installArchiveMover(deps: MoverDependencies): Mover {
  const { informers, namespace, wake } = deps;
  const ours = { namespace, labelSelector: labels.requestUid };
  const jobMirror = informers.informer(jobs, ours);
  const podMirror = informers.informer(pods, { ...ours, indexers: { [BY_JOB]: (pod) => [jobOf(pod)] } });
  jobMirror.onChange((before, after) => wake((after ?? before)?.metadata.name ?? ''));
  podMirror.onChange((before, after) => wake(jobOf(after ?? before)));
  // The controller passes to every method the config that parseConfig has returned.
  return createArchiveMover(deps, jobMirror.store, podMirror.store) as Mover;
}

const jobOf = (pod: Pod | undefined): string => pod?.metadata.labels?.['job-name'] ?? '';

/** Saves one archive per backup. Its id is the name of the request, so there is only one, however often a backup is retried. */
function createArchiveMover(
  { client, namespace, creator, cleaner }: MoverDependencies,
  knownJobs: ReadonlyStore<Job>,
  knownPods: ReadonlyStore<Pod>,
): Mover<ArchiveConfig> {
  const keyOf = ({ name }: MoverTarget): { namespace: string; name: string } => ({ namespace, name });

  async function checkAccess({
    config,
    signal,
  }: Pick<AccessRequest<ArchiveConfig>, 'config' | 'signal'>): Promise<Refusal | undefined> {
    const { name } = config.secret;
    const secret = await client.get(secrets, { namespace, name }, { signal });
    if (secret === undefined) return refusal('SecretNotFound', `there is no secret ${namespace}/${name}`);
    const missing = SECRET_KEYS.filter((key) => !secret.data?.[key]);
    if (missing.length === 0) return undefined;
    return refusal('SecretInvalid', `secret ${namespace}/${name} lacks ${missing.join(', ')}`);
  }

  /** Finds the Job of the request, or creates it. */
  async function run(request: RepositoryRequest<ArchiveConfig>, task: Task): Promise<MoverOutcome<Report>> {
    const job = knownJobs.get(keyOf(request));
    if (job !== undefined) return judge(job, newest(knownPods.byIndex(BY_JOB, request.name)));
    // The Secret may have been deleted since the request was accepted; the pod would wait for it.
    const refused = await checkAccess(request);
    if (refused !== undefined) return refused;
    await request.assertCurrent();
    await creator.createOnce(jobs, desiredJob(request, namespace, task), request.signal);
    return { state: 'InProgress', started: false, message: 'the archive is about to start' };
  }

  return {
    name: 'Archive',
    capabilities: {
      volumeModes: ['Filesystem'],
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'],
      // tar treats a file that changes while it is read as an error.
      liveSource: false,
      byteProgress: false,
      incremental: false,
      verify: [],
      forget: true,
    },
    requestSettings: [],
    snapshotIDs: {
      pattern: /dmb-[0-9a-f]{16}/,
      form: 'the name of its backup\'s objects, "dmb-" and 16 hexadecimal digits',
    },
    placeSettings: ['endpoint', 'bucket', 'region', 'secret', 'image'],
    parseConfig,

    checkAccess,

    async backup(request) {
      const { name: snapshotID, stagingClaim: claim } = request;
      return map(await run(request, { name: 'backup', snapshotID, claim }), ({ time, bytes, files }) => ({
        snapshotID,
        snapshotTime: time,
        bytes,
        files,
      }));
    },

    async restore(request) {
      const { snapshotID, stagingClaim: claim } = request;
      return map(await run(request, { name: 'restore', snapshotID, claim }), ({ bytes, files }) => ({
        snapshotID,
        bytes,
        files,
      }));
    },

    async forget(request) {
      const outcome = await run(request, { name: 'forget', snapshotID: request.snapshotID });
      return map(outcome, ({ alreadyGone = false }) => ({ alreadyGone }));
    },

    /** The archive may exist, complete or in part, whatever the outcome of the backup was. */
    async savedSnapshots(target) {
      return target.kind === 'backup' && knownJobs.get(keyOf(target)) !== undefined ? [target.name] : [];
    },

    async cleanup(target) {
      const key = keyOf(target);
      const job = { kind: jobs, key, cached: knownJobs.get(key), propagationPolicy: 'Foreground' as const };
      const left = await cleaner.remove(requestUidOf(target), [job], target.signal);
      return [...left, ...knownPods.byIndex(BY_JOB, target.name).map(nameOf)];
    },

    claimsOf: () => [],
  };
}

function newest(all: readonly Pod[]): Pod | undefined {
  const age = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  return [...all].sort((a, b) => age(a).localeCompare(age(b))).at(-1);
}

function refusal(reason: Refusal['reason'], message: string): Refusal {
  return { state: 'Failed', reason, message };
}

/** Converts the Job's report into facts, if the Job is done. */
function map<Facts>(outcome: MoverOutcome<Report>, facts: (report: Report) => Facts): MoverOutcome<Facts> {
  return outcome.state === 'Done' ? { state: 'Done', facts: facts(outcome.facts) } : outcome;
}
