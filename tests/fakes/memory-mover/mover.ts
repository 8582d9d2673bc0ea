import { randomUUID } from 'node:crypto';
import { jobs, secrets, type Job } from '../../../api/kubernetes/core.ts';
import type { Resource } from '../../../api/kubernetes/meta.ts';
import { labels } from '../../../api/datamover/v1alpha1/keys.ts';
import { childNameIn } from '../../../api/datamover/v1alpha1/names.ts';
import type { MoverDependencies, MoverFactory } from '../../../movers/factory.ts';
import type { Mover, MoverOutcome, MoverTarget, RepositoryRequest } from '../../../movers/mover.ts';
import { requestUidOf } from '../../../lifecycle/request/child-identity.ts';
import { RESULT, TASK, type Result, type Task } from './engine.ts';

/** A defect of a broken mover. */
export type MoverFault =
  | 'begins anew after a crash'
  | 'leaves its Secret'
  | 'leaves its Secret to the garbage collector'
  | 'leaves what no request owns'
  | 'tells the password'
  | 'writes the password into its Job'
  | 'throws without a Secret'
  | 'asks for no other look'
  | 'mixes repositories up'
  | 'names no snapshot'
  | 'says that everything is empty'
  | 'is always verified'
  | 'takes any setting'
  | 'never says that it was gone already'
  | 'is done too early'
  | 'cannot clean up what never began'
  | 'does not ask whether the view is old'
  | 'uploads all of it again'
  | 'keeps an empty repository';

const TOO_EARLY = { snapshotID: 'snapshot-1-' };

interface Config {
  secret: string;
  isSlow: boolean;
}

/** Returns a mover that moves nothing: it creates a Job per command, which an engine in the same process executes. */
export function memoryMover(fault?: MoverFault): MoverFactory {
  return (deps) => createMemoryMover(deps, fault);
}

function createMemoryMover(deps: MoverDependencies, fault: MoverFault | undefined): Mover<Config> {
  const { client, creator, informers, namespace } = deps;
  const mirror = informers.informer(jobs, { namespace, labelSelector: labels.requestUid });
  mirror.onChange((before, after) => {
    const name = (after ?? before)?.metadata.name ?? '';
    if (fault !== 'asks for no other look') deps.wake(childNameIn(name) ?? name);
  });
  /** Names that only this process remembers. */
  const remembered = new Map<string, string>();

  function jobNameOf(target: MoverTarget, verb: Task['verb']): string {
    const isSecond = verb === 'verify' || verb === 'remove';
    const name = isSecond ? `${target.name}-second` : target.name;
    if (fault !== 'begins anew after a crash') return name;
    const random = remembered.get(name) ?? `${name}-${randomUUID().slice(0, 6)}`;
    remembered.set(name, random);
    return random;
  }

  const jobOf = (name: string): Job | undefined => mirror.store.get(`${namespace}/${name}`);

  async function run<Facts>(
    request: RepositoryRequest<Config>,
    task: Omit<Task, 'secret' | 'repository'>,
  ): Promise<MoverOutcome<Facts>> {
    const name = jobNameOf(request, task.verb);
    const job = jobOf(name);
    if (job !== undefined) return outcomeOf(job, request);
    const { config, signal } = request;
    const user = await client.get(secrets, { namespace, name: config.secret }, { signal });
    if (user === undefined) {
      if (fault === 'throws without a Secret') throw new Error('no Secret');
      const message = `Secret ${namespace}/${config.secret} does not exist`;
      return { state: 'Failed', reason: 'SecretNotFound', message };
    }
    if (fault !== 'does not ask whether the view is old') await request.assertCurrent();
    const repository = fault === 'mixes repositories up' ? namespace : request.repositoryPath;
    const metadata = { namespace, name: request.name, labels: request.labels };
    const { stringData = {} } = user;
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData };
    if (fault !== 'leaves its Secret to the garbage collector')
      await creator.createOnce(secrets, secret, signal);
    const made = { ...task, secret: request.name, repository, isSlow: config.isSlow };
    const told = fault === 'writes the password into its Job' ? stringData : {};
    const annotations = { ...told, ...request.annotations, [TASK]: JSON.stringify(made) };
    const desired = { apiVersion: 'batch/v1', kind: 'Job', metadata: { ...metadata, name, annotations } };
    await creator.createOnce(jobs, desired, signal);
    if (fault === 'leaves its Secret to the garbage collector') await createOwned(secret, desired, signal);
    if (fault === 'is done too early') return { state: 'Done', facts: TOO_EARLY as Facts };
    return { state: 'InProgress', started: false, message: `a Job is to ${task.verb}` };
  }

  async function outcomeOf<Facts>(
    job: Job,
    { config, signal }: RepositoryRequest<Config>,
  ): Promise<MoverOutcome<Facts>> {
    const said = job.metadata.annotations?.[RESULT];
    if (said === undefined) {
      const started = job.status?.active === 1;
      return { state: 'InProgress', started, message: started ? 'the Job runs' : 'the Job is to run' };
    }
    const result = JSON.parse(said) as Result;
    if ('done' in result) return { state: 'Done', facts: broken(result.done) as Facts };
    const { reason, message } = result.failed;
    const user = await client.get(secrets, { namespace, name: config.secret }, { signal });
    const password = fault === 'tells the password' ? (user?.stringData?.['password'] ?? '') : '';
    return { state: 'Failed', reason: reason as 'WrongPassword', message: `${message} ${password}` };
  }

  function broken(facts: Record<string, unknown>): Record<string, unknown> {
    if (fault === 'says that everything is empty') return { empty: true };
    if (fault === 'keeps an empty repository') return { ...facts, kept: 'it is dear' };
    if (fault === 'uploads all of it again') return { ...facts, uploadedBytes: 10 };
    if (fault === 'names no snapshot') return { files: facts['files'] };
    if (fault === 'never says that it was gone already' && facts['alreadyGone'] === true)
      return { alreadyGone: false };
    if (fault === 'is always verified') return { files: 1, ...facts };
    return facts;
  }

  return {
    name: 'Memory',
    capabilities: {
      volumeModes: ['Filesystem'],
      accessModes: ['ReadWriteOnce'],
      liveSource: false,
      byteProgress: false,
      incremental: true,
      verify: ['Data'],
      forget: true,
    },
    requestSettings: [],
    snapshotIDs: { pattern: /snapshot-[0-9]+-?[0-9a-f-]*/, form: '"snapshot-" and a number' },
    parseConfig({ secret, isSlow = false, ...rest }) {
      const unknown = Object.keys(rest);
      if (unknown.length > 0 && fault !== 'takes any setting')
        return { problem: `config.${unknown.join(', ')}: not known` };
      return { config: { secret: String(secret), isSlow: isSlow === true } };
    },
    backup: (request) => run(request, { verb: 'backup', claim: request.stagingClaim }),
    restore: (request) =>
      run(request, { verb: 'restore', claim: request.stagingClaim, snapshotID: request.snapshotID }),
    async verify(request) {
      const { stagingClaim: claim, snapshotID } = request;
      const outcome = await run<{ files: number; bytes: number }>(request, {
        verb: 'verify',
        claim,
        snapshotID,
      });
      if (fault !== 'is always verified' || outcome.state !== 'Failed') return outcome;
      return { state: 'Done', facts: { files: 1, bytes: 0 } };
    },
    forget: (request) => run(request, { verb: 'forget', claim: '', snapshotID: request.snapshotID }),
    prune: (request) => run(request, { verb: 'prune', claim: '' }),
    removeRepository: (request) => run(request, { verb: 'remove', claim: '' }),
    async cleanup(target) {
      const { name, signal } = target;
      const names = [jobNameOf(target, 'backup'), jobNameOf(target, 'verify')];
      if (fault === 'cannot clean up what never began' && names.every((one) => jobOf(one) === undefined))
        throw new Error('there is no Job');
      const made = names.map((one) => ({ kind: jobs, key: { namespace, name: one }, cached: jobOf(one) }));
      const secret = { kind: secrets, key: { namespace, name }, cached: undefined };
      const targets = fault?.startsWith('leaves its Secret') === true ? made : [...made, secret];
      if (fault === 'leaves what no request owns') await leaveCache();
      return deps.cleaner.remove(requestUidOf(target), targets, signal);
    },
    claimsOf: () => [],
  };

  async function createOwned(
    secret: Resource,
    { kind, metadata }: Resource,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace = '', name } = metadata;
    const { uid = '' } = (await client.get(jobs, { namespace, name }, { signal }))?.metadata ?? {};
    const ownerReferences = [{ apiVersion: 'batch/v1', kind, name, uid }];
    await creator.createOnce(
      secrets,
      { ...secret, metadata: { ...secret.metadata, ownerReferences } },
      signal,
    );
  }

  async function leaveCache(): Promise<void> {
    const metadata = { namespace, name: 'cache-of-somebody' };
    await creator.createOnce(
      secrets,
      { apiVersion: 'v1', kind: 'Secret', metadata },
      AbortSignal.timeout(1000),
    );
  }
}
