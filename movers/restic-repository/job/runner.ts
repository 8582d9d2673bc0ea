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

/** Index of our own pods by the Job that made them. */
export const OWN_JOB_INDEX = 'own-job';

export interface ResticRunnerDependencies {
  namespace: string;
  /** Only those that carry our request label. */
  jobs: Lister<Job>;
  /** Only those that carry our request label; indexed by {@link OWN_JOB_INDEX}. */
  pods: Lister<Pod>;
  podLogs: PodLogs;
  creator: Creator;
  cleaner: Cleaner;
  credentials: Credentials;
  wake: (child: string) => void;
}

/** One command and what its output means. */
export interface RepositoryTask<Facts> {
  program: Program;
  /** `<program> is <doing>`. */
  doing: string;
  image: string;
  /** For the shell. Default: restic on its arguments. */
  script?: string;
  args: readonly string[];
  /** What the program needs for its way to the repository, from what restic does. Default: the same. */
  access?: (restic: Record<string, string>) => { data: Record<string, string> } | { problem: string };
  /** With which the Job goes, should nobody clean up. Default: that of the request. */
  owner?: OwnerReference;
  /** Facts for {@link keptAt} the Job. Absent: none. */
  keeps?: object;
  /** Of the Job, behind the request's name. Absent: none. */
  suffix?: string;
  /** The volume that it works on; asked for once. */
  volume?: () => Promise<VolumeUse>;
  /** More about its Job. */
  options?: Pick<RepositoryCommand, 'finalExits' | 'env'>;
  /** How its lines are read while it works and when it has failed. */
  reading?: Pick<ResticRun, 'progress' | 'complaints' | 'isGood'>;
  read(lines: readonly string[]): Facts;
}

type Request = RepositoryRequest<RepositoryConfig>;

/** Has programs of our own work on a repository, in Jobs. One command per request and suffix. */
export interface ResticRunner {
  run<Facts>(request: Request, task: RepositoryTask<Facts>): Promise<MoverOutcome<Facts>>;
  /** When it was done, RFC 3339; undefined before. */
  doneAt(target: MoverTarget): string | undefined;
  /** The Jobs of all requests. */
  jobs(): readonly Job[];
  /** Its Job, with what it keeps. */
  jobOf(target: MoverTarget, suffix?: string): Job | undefined;
  /** What the cluster still has of it. */
  remains(target: MoverTarget, suffix?: string): string[];
  /** Removes a Job that no transfer owns; returns what is left of it. */
  remove(target: MoverTarget & { signal: AbortSignal }, suffix: string): Promise<string[]>;
  cleanup(target: MoverTarget & { signal: AbortSignal }): Promise<string[]>;
}

export function createResticRunner(deps: ResticRunnerDependencies): ResticRunner {
  const { namespace, creator, cleaner, podLogs } = deps;
  const idOf = ({ name }: MoverTarget, suffix = ''): string => `${namespace}/${name}${suffix}`;

  /** What a backup saved at the last moment stands in them. */
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
