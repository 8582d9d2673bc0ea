import type { Lister } from '../../../kube/cache/lister.ts';
import { jobs, secrets, type Job, type Pod } from '../../../api/kubernetes/core.ts';
import {
  desiredRepositoryJob,
  type Program,
  type RepositoryCommand,
  type VolumeUse,
} from './repository-job.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import type { ObjectMeta, OwnerReference } from '../../../api/kubernetes/meta.ts';
import { nameOf, type Cleaner } from '../../../kube/runtime/deleter.ts';
import type { Creator } from '../../../kube/runtime/creator.ts';
import type { MoverOutcome, MoverTarget, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import { desiredSecret, locationOf, withLocation } from './request-objects.ts';
import { newestPod } from './newest-pod.ts';
import type { PodLogs } from '../log/pod-logs.ts';
import { judgeRun, type ResticRun } from './observe-run.ts';
import type { Credentials } from '../access/credentials.ts';
import { keeping } from './kept-facts.ts';

/** Index of our own pods by the Job that created them. */
export const OWN_JOB_INDEX = 'own-job';

export interface ResticRunnerDependencies {
  namespace: string;
  /** Only Jobs with our request label. */
  jobs: Lister<Job>;
  /** Only pods with our request label; indexed by {@link OWN_JOB_INDEX}. */
  pods: Lister<Pod>;
  podLogs: PodLogs;
  creator: Creator;
  cleaner: Cleaner;
  credentials: Credentials;
  wake: (child: string) => void;
}

/** One command and how to read its output. */
export interface RepositoryTask<Facts> {
  program: Program;
  /** For `<program> is <doing>`. */
  doing: string;
  image: string;
  /** Shell script. Default: runs restic with the arguments. */
  script?: string;
  args: readonly string[];
  /** Converts restic's credentials into those of the program. Default: unchanged. */
  access?: (restic: Record<string, string>) => { data: Record<string, string> } | { problem: string };
  /** Owner of the Job, for garbage collection if cleanup does not happen. Default: that of the request. */
  owner?: OwnerReference;
  /** Facts to store at the Job for {@link keptAt}. Absent: none. */
  keeps?: object;
  /** Suffix of the Job's name, after the request's name. Absent: none. */
  suffix?: string;
  /** Returns the volume that the command works on; called once. */
  volume?: () => Promise<VolumeUse>;
  /** More options of the Job. */
  options?: Pick<RepositoryCommand, 'finalExits' | 'env'>;
  /** How to read the log while the program runs and after it has failed. */
  reading?: Pick<ResticRun, 'progress' | 'complaints' | 'isGood'>;
  read(lines: readonly string[]): Facts;
}

type Request = RepositoryRequest<RepositoryConfig>;

/** Runs our own programs on a repository, in Jobs. One command per request and suffix. */
export interface ResticRunner {
  run<Facts>(request: Request, task: RepositoryTask<Facts>): Promise<MoverOutcome<Facts>>;
  /** Returns when the command was done, RFC 3339; undefined before. */
  doneAt(target: MoverTarget): string | undefined;
  /** Returns the Jobs of all requests. */
  jobs(): readonly Job[];
  /** Returns the Job, with the facts that it keeps. */
  jobOf(target: MoverTarget, suffix?: string): Job | undefined;
  /** Returns the names of what still exists in the cluster. */
  remains(target: MoverTarget, suffix?: string): string[];
  /** Deletes a Job that no transfer owns; returns what remains of it. */
  remove(target: MoverTarget & { signal: AbortSignal }, suffix: string): Promise<string[]>;
  cleanup(target: MoverTarget & { signal: AbortSignal }): Promise<string[]>;
}

export function createResticRunner(deps: ResticRunnerDependencies): ResticRunner {
  const { namespace, creator, cleaner, podLogs } = deps;
  const idOf = ({ name }: MoverTarget, suffix = ''): string => `${namespace}/${name}${suffix}`;

  /** Logs that name snapshots which a backup saved just before it was stopped. */
  function unreadLogsOf({ kind, name }: MoverTarget): string[] {
    const isRead = podLogs.ofJob(name).every(({ complete }) => complete);
    return kind !== 'backup' || isRead ? [] : [`the log of Job ${name}`];
  }

  function remains(target: MoverTarget, suffix = ''): string[] {
    const id = idOf(target, suffix);
    const job = deps.jobs.get(id);
    const left = deps.pods.byIndex(OWN_JOB_INDEX, id);
    if (job === undefined && left.length === 0) podLogs.drop(`${target.name}${suffix}`);
    return [...(job === undefined ? [] : [job]), ...left].map(nameOf);
  }

  async function start(request: Request, task: RepositoryTask<unknown>): Promise<MoverOutcome<never>> {
    const { program, image, script, args, doing, access, suffix = '', volume, options } = task;
    const owner = task.owner ?? request.owner;
    const { signal } = request;
    const found = await deps.credentials.of(request);
    if ('state' in found) return found;
    const way = access?.(found.data) ?? { data: found.data };
    if ('problem' in way) return { state: 'Failed', reason: 'InvalidConfig', message: way.problem };
    await request.assertCurrent();
    await creator.createOnce(secrets, desiredSecret(request, namespace, way.data), signal);
    const command = {
      program,
      image,
      args,
      secretKeys: Object.keys(way.data),
      ...(script !== undefined && { script }),
      ...(volume !== undefined && { volume: await volume() }),
      ...options,
    };
    const made = desiredRepositoryJob(request, { namespace, name: `${request.name}${suffix}` }, command);
    const metadata = withLocation(made.metadata, found);
    await creator.createOnce(
      jobs,
      { ...made, metadata: metadataOfJob(metadata, { ...task, owner }) },
      signal,
    );
    return { state: 'InProgress', started: false, message: `${program} is ${doing}` };
  }

  return {
    async run(request, task) {
      const id = idOf(request, task.suffix);
      const job = deps.jobs.get(id);
      if (job === undefined) return start(request, task);
      const pod = newestPod(deps.pods.byIndex(OWN_JOB_INDEX, id));
      const outcome = judgeRun({
        program: task.program,
        doing: task.doing,
        job,
        pod,
        podLog: pod && podLogs.of(pod, () => deps.wake(request.name)),
        place: deps.credentials.placeOf(request, locationOf(job)),
        ...task.reading,
      });
      return outcome.state === 'Done' ? { state: 'Done', facts: task.read(outcome.facts.lines) } : outcome;
    },

    jobOf: (target, suffix) => deps.jobs.get(idOf(target, suffix)),

    doneAt: (target) => deps.jobs.get(idOf(target))?.status?.completionTime,

    jobs: () => deps.jobs.list(),

    remains,

    async remove(target, suffix) {
      const key = { namespace, name: `${target.name}${suffix}` };
      const cached = deps.jobs.get(idOf(target, suffix));
      const job = { kind: jobs, key, cached, propagationPolicy: 'Foreground' } as const;
      const left = await cleaner.remove(requestUidOf(target), [job], target.signal);
      return [...new Set([...left, ...remains(target, suffix)])];
    },

    async cleanup(target) {
      const key = { namespace, name: target.name };
      const left = deps.pods.byIndex(OWN_JOB_INDEX, idOf(target));
      const objects = await cleaner.remove(
        requestUidOf(target),
        [
          { kind: jobs, key, cached: deps.jobs.get(idOf(target)), propagationPolicy: 'Foreground' },
          { kind: secrets, key, cached: undefined },
        ],
        target.signal,
      );
      const all = [...objects, ...left.map(nameOf), ...unreadLogsOf(target)];
      if (all.length === 0) podLogs.drop(target.name);
      return all;
    },
  };
}

function metadataOfJob(
  made: ObjectMeta,
  { owner, keeps }: { owner: OwnerReference | undefined; keeps?: object },
): ObjectMeta {
  return {
    ...(keeps === undefined ? made : keeping(made, keeps)),
    ...(owner !== undefined && { ownerReferences: [owner] }),
  };
}
