import { randomUUID } from 'node:crypto';
import { jobs, secrets, type Job } from '../../../api/kubernetes/core.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import type { Lister } from '../../../kube/cache/lister.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import type { MoverDependencies } from '../../../movers/factory.ts';
import type { MoverOutcome, MoverTarget, RepositoryRequest } from '../../../movers/mover.ts';
import { factsWith, type MoverFault } from './faults.ts';
import { RESULT, TASK, type Result, type Task } from './task.ts';

const TOO_EARLY = { snapshotID: 'snapshot-1-' };

export interface Config {
  secret: string;
  isSlow: boolean;
}

/** The Jobs of a memory mover: one per command, with one fault if there is one. */
export class MemoryJobs {
  readonly #deps: MoverDependencies;
  readonly #cached: Lister<Job>;
  readonly #fault: MoverFault | undefined;
  /** Names that only this process remembers. */
  readonly #remembered = new Map<string, string>();

  constructor(deps: MoverDependencies, cached: Lister<Job>, fault: MoverFault | undefined) {
    this.#deps = deps;
    this.#cached = cached;
    this.#fault = fault;
  }

  async run<Facts>(
    request: RepositoryRequest<Config>,
    task: Omit<Task, 'secret' | 'repository'>,
  ): Promise<MoverOutcome<Facts>> {
    const { client, creator, namespace } = this.#deps;
    const name = this.#nameOf(request, task.verb);
    const job = this.#jobOf(name);
    if (job !== undefined) return this.#outcomeOf(job, request);
    const { config, signal } = request;
    const user = await client.get(secrets, { namespace, name: config.secret }, { signal });
    if (user === undefined) {
      if (this.#fault === 'throws without a Secret') throw new Error('no Secret');
      const message = `Secret ${namespace}/${config.secret} does not exist`;
      return { state: 'Failed', reason: 'SecretNotFound', message };
    }
    if (this.#fault !== 'does not call assertCurrent') await request.assertCurrent();
    const repository = this.#fault === 'mixes repositories up' ? namespace : request.repositoryPath;
    const metadata = { namespace, name: request.name, labels: request.labels };
    const { stringData = {} } = user;
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData };
    if (this.#fault !== 'leaves its Secret to the garbage collector')
      await creator.createOnce(secrets, secret, signal);
    const made = { ...task, secret: request.name, repository, isSlow: config.isSlow };
    const told = this.#fault === 'writes the password into its Job' ? stringData : {};
    const annotations = { ...told, ...request.annotations, [TASK]: JSON.stringify(made) };
    const desired = { apiVersion: 'batch/v1', kind: 'Job', metadata: { ...metadata, name, annotations } };
    await creator.createOnce(jobs, desired, signal);
    if (this.#fault === 'leaves its Secret to the garbage collector')
      await this.#createOwned(secret, desired, signal);
    if (this.#fault === 'is done too early') return { state: 'Done', facts: TOO_EARLY as Facts };
    return { state: 'InProgress', started: false, message: `a Job is to ${task.verb}` };
  }

  async cleanup(target: MoverTarget & { signal: AbortSignal }): Promise<string[]> {
    const { cleaner, namespace } = this.#deps;
    const { name, signal } = target;
    const names = [this.#nameOf(target, 'backup'), this.#nameOf(target, 'verify')];
    if (
      this.#fault === 'cannot clean up what never began' &&
      names.every((one) => this.#jobOf(one) === undefined)
    )
      throw new Error('there is no Job');
    const made = names.map((one) => ({
      kind: jobs,
      key: { namespace, name: one },
      cached: this.#jobOf(one),
    }));
    const secret = { kind: secrets, key: { namespace, name }, cached: undefined };
    const targets = this.#fault?.startsWith('leaves its Secret') === true ? made : [...made, secret];
    if (this.#fault === 'leaves what no request owns') await this.#leaveCache();
    return cleaner.remove(requestUidOf(target), targets, signal);
  }

  #nameOf(target: MoverTarget, verb: Task['verb']): string {
    const isSecond = verb === 'verify' || verb === 'remove';
    const name = isSecond ? `${target.name}-second` : target.name;
    if (this.#fault !== 'starts again after a crash') return name;
    const random = this.#remembered.get(name) ?? `${name}-${randomUUID().slice(0, 6)}`;
    this.#remembered.set(name, random);
    return random;
  }

  #jobOf(name: string): Job | undefined {
    return this.#cached.get(`${this.#deps.namespace}/${name}`);
  }

  async #outcomeOf<Facts>(
    job: Job,
    { config, signal }: RepositoryRequest<Config>,
  ): Promise<MoverOutcome<Facts>> {
    const said = job.metadata.annotations?.[RESULT];
    if (said === undefined) {
      const started = job.status?.active === 1;
      return { state: 'InProgress', started, message: started ? 'the Job runs' : 'the Job is to run' };
    }
    const result = JSON.parse(said) as Result;
    if ('done' in result) return { state: 'Done', facts: factsWith(this.#fault, result.done) as Facts };
    const { reason, message } = result.failed;
    const { client, namespace } = this.#deps;
    const user = await client.get(secrets, { namespace, name: config.secret }, { signal });
    const password = this.#fault === 'prints the password' ? (user?.stringData?.['password'] ?? '') : '';
    return { state: 'Failed', reason: reason as 'WrongPassword', message: `${message} ${password}` };
  }

  async #createOwned(secret: Resource, { kind, metadata }: Resource, signal: AbortSignal): Promise<void> {
    const { client, creator } = this.#deps;
    const { namespace = '', name } = metadata;
    const { uid = '' } = (await client.get(jobs, { namespace, name }, { signal }))?.metadata ?? {};
    const ownerReferences = [{ apiVersion: 'batch/v1', kind, name, uid }];
    await creator.createOnce(
      secrets,
      { ...secret, metadata: { ...secret.metadata, ownerReferences } },
      signal,
    );
  }

  async #leaveCache(): Promise<void> {
    const { creator, namespace } = this.#deps;
    const metadata = { namespace, name: 'cache-of-somebody' };
    await creator.createOnce(
      secrets,
      { apiVersion: 'v1', kind: 'Secret', metadata },
      AbortSignal.timeout(1000),
    );
  }
}
