import { jobs, secrets, type Job, type Pod } from '../../../api/kubernetes/core.ts';
import type { Lister } from '../../../kube/cache/lister.ts';
import { nameOf, type Cleaner } from '../../../kube/runtime/deleter.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import type { MoverOutcome, MoverTarget, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import type { PodLogs } from '../log/pod-logs.ts';
import { createJobStarter, type JobStarterDependencies } from './job-starter.ts';
import { newestPod } from './newest-pod.ts';
import { observeRun } from './observe-run.ts';
import type { RepositoryTask } from './repository-task.ts';
import { locationOf } from './request-objects.ts';

/** Index of our own pods by the Job that created them. */
export const OWN_JOB_INDEX = 'own-job';

export interface ResticRunnerDependencies extends JobStarterDependencies {
  /** Only Jobs with our request label. */
  jobs: Lister<Job>;
  /** Only pods with our request label; indexed by {@link OWN_JOB_INDEX}. */
  pods: Lister<Pod>;
  podLogs: PodLogs;
  cleaner: Cleaner;
  wake: (child: string) => void;
}

/** Runs our own programs on a repository, in Jobs. One command per request and suffix. */
export interface ResticRunner {
  run<Facts>(
    request: RepositoryRequest<RepositoryConfig>,
    task: RepositoryTask<Facts>,
  ): Promise<MoverOutcome<Facts>>;
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
  const { namespace, cleaner, podLogs } = deps;
  const startJob = createJobStarter(deps);
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

  return {
    async run(request, task) {
      const id = idOf(request, task.suffix);
      const job = deps.jobs.get(id);
      if (job === undefined) return startJob(request, task);
      const pod = newestPod(deps.pods.byIndex(OWN_JOB_INDEX, id));
      const outcome = observeRun({
        program: task.program,
        doing: task.doing,
        job,
        pod,
        podLog: pod && podLogs.of(pod, () => deps.wake(request.name)),
        context: deps.credentials.contextOf(request, locationOf(job)),
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
