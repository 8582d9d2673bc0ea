import { jobs, secrets } from '../../../api/kubernetes/core.ts';
import type { ObjectMeta, OwnerReference } from '../../../api/kubernetes/meta.ts';
import type { Creator } from '../../../kube/runtime/creator.ts';
import type { MoverOutcome, RepositoryRequest } from '../../mover.ts';
import type { Credentials } from '../access/credentials.ts';
import type { RepositoryConfig } from '../config.ts';
import { withFacts } from './kept-facts.ts';
import { desiredRepositoryJob } from './repository-job.ts';
import type { RepositoryTask } from './repository-task.ts';
import { desiredSecret, withLocation } from './request-objects.ts';

export interface JobStarterDependencies {
  namespace: string;
  creator: Creator;
  credentials: Credentials;
}

/** Creates the Secret and the Job of a task. Returns a failure if the credentials are not usable. */
export type JobStarter = (
  request: RepositoryRequest<RepositoryConfig>,
  task: RepositoryTask<unknown>,
) => Promise<MoverOutcome<never>>;

export function createJobStarter({ namespace, creator, credentials }: JobStarterDependencies): JobStarter {
  return async (request, task) => {
    const { program, image, script, args, doing, access, suffix = '', volume, options } = task;
    const owner = task.owner ?? request.owner;
    const { signal } = request;
    const found = await credentials.of(request);
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
  };
}

function metadataOfJob(
  made: ObjectMeta,
  { owner, keeps }: { owner: OwnerReference | undefined; keeps?: object },
): ObjectMeta {
  return {
    ...(keeps === undefined ? made : withFacts(made, keeps)),
    ...(owner !== undefined && { ownerReferences: [owner] }),
  };
}
