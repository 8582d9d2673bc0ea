import { configMaps, jobs, secrets, type Job } from '../../../api/kubernetes/core.ts';
import { keyOf } from '../../../api/kubernetes/meta.ts';
import type { FakeKube } from '../fake-kube.ts';
import { createExecutor, lock, type EngineFault, type Store } from './repositories.ts';
import { RESULT, taskOf, type Result } from './task.ts';

/** Duration of a step; a Job takes two. */
const STEP_MS = 5;

/** Delay until the garbage collector runs. */
const GARBAGE_MS = 50;

/** Executes the Jobs of a fake API server, one step at a time, as pods would. */
export function runEngine(kube: FakeKube, store: Store, fault?: EngineFault): void {
  const execute = createExecutor(store, fault);

  function work(job: Job): void {
    const task = taskOf(job);
    const { namespace = '' } = job.metadata;
    const secret = kube.peek(secrets, { namespace, name: task.secret });
    const password = secret?.stringData?.['password'] ?? '';
    finish(job, execute(task, password));
  }

  function finish(job: Job, result: Result): void {
    kube.edit(jobs, keyOf(job), (object) => {
      object.metadata.annotations = { ...object.metadata.annotations, [RESULT]: JSON.stringify(result) };
      object.status = { ...object.status, active: 0 };
    });
  }

  /** Ignores a Job that was deleted in the meantime. */
  function stands(job: Job): boolean {
    const now = kube.peek(jobs, keyOf(job));
    return now?.metadata.uid === job.metadata.uid;
  }

  function begin(job: Job): void {
    setTimeout(() => {
      if (!stands(job)) return;
      kube.edit(jobs, keyOf(job), (object) => (object.status = { active: 1 }));
      setTimeout(() => {
        if (stands(job) && !taskOf(job).isSlow) work(job);
      }, STEP_MS);
    }, STEP_MS);
  }

  kube.reactors.add((kind, before, after) => {
    if (kind.plural !== jobs.plural) return;
    if (before === undefined) begin(after as Job);
    if (before === undefined || after !== undefined) return;
    if (keepsLock(before)) lock(taskOf(before), store);
    if (before.metadata.annotations?.[RESULT] === undefined) makeLate(before);
  });

  /** Behaves like an engine that is in the middle of its work and has not yet noticed the deletion. */
  function makeLate({ apiVersion, kind, metadata: { namespace = '', name, uid = '' } }: Job): void {
    const metadata = { namespace, name, ownerReferences: [{ apiVersion, kind, name, uid }] };
    kube.seed(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    setTimeout(() => kube.collectGarbage(), GARBAGE_MS);
  }

  function keepsLock(job: Job): boolean {
    const isHalf = taskOf(job).isSlow === true && job.status?.active === 1;
    return fault === 'keeps its lock' || (fault === 'keeps the lock of half an upload' && isHalf);
  }
}
