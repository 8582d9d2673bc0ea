import type { AccessProblem } from '../../access-problem.ts';
import { secrets, type Secret } from '../../../api/kubernetes/core.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { deriveResticSecret, hasValue } from './restic-secret.ts';
import { completeSecret, type CompletedSecret } from './storage-location.ts';
import { probeStore } from './store-probe.ts';
import type { Reach } from '../../factory.ts';
import type { AccessRequest, Finding, Refusal, RepositoryRequest } from '../../mover.ts';
import type { RepositoryConfig } from '../config.ts';
import { repositoryContext, type RepositoryContext, type Remedies } from './repository-context.ts';

type Question = AccessRequest<RepositoryConfig>;
type Request = RepositoryRequest<RepositoryConfig>;

/** Credentials for one repository. */
export interface Access {
  /** Base64 data for the request's own secret. */
  data: Record<string, string>;
  /** Name of the BackupStorageLocation that the data was read from, if any. */
  location: string | undefined;
}

/** Reads credentials for repositories from the administrator's secret, alone or with a BackupStorageLocation. */
export interface Credentials {
  /** Returns the credentials. A failure names object, key and remedy. */
  of(request: Request): Promise<Access | Refusal>;
  /** Like {@link of}, but needs no repository path. */
  check(request: Question): Promise<Refusal | undefined>;
  /** Reports whether the object store responds. */
  probe(request: Question): Promise<Finding>;
  /** Returns the names that messages use for the secret, the location and the repository. */
  contextOf(request: Request, location: string | undefined): RepositoryContext;
}

export function createCredentials(
  client: KubeClient,
  namespace: string,
  remedies: Remedies,
  reach?: Reach,
): Credentials {
  /** Returns the secret as it is, or with the keys that it lacks added from a location. */
  async function complete(request: Question, user: Secret): Promise<Completed | AccessProblem> {
    if (hasValue(user, 'RESTIC_REPOSITORY')) return { secret: user, location: undefined };
    const { config, kind, signal } = request;
    const location = config.backupStorageLocation ?? (await request.veleroLocation());
    if ('reason' in location) return location;
    return completeSecret(client, user, { kind, name: location.name, signal });
  }

  async function derive(request: Question, repositoryPath: string): Promise<Access | Refusal> {
    const { config, signal } = request;
    const { name } = config.resticSecret;
    const user = await client.get(secrets, { namespace, name }, { signal });
    if (user === undefined) {
      return {
        state: 'Failed',
        reason: 'SecretNotFound',
        message: `Secret ${namespace}/${name}, named by config.resticSecret.name, does not exist; create it with key RESTIC_PASSWORD for repositories beside Velero's backups, or with keys RESTIC_REPOSITORY, RESTIC_PASSWORD and the credentials of another storage`,
      };
    }
    const completed = await complete(request, user);
    if ('reason' in completed) return { state: 'Failed', ...completed };
    const derived = deriveResticSecret(completed.secret, repositoryPath);
    return 'reason' in derived
      ? { state: 'Failed', ...derived }
      : { data: derived.data, location: completed.location };
  }

  return {
    of: (request) => derive(request, request.repositoryPath),

    async check(request) {
      const derived = await derive(request, '');
      return 'state' in derived ? derived : undefined;
    },

    async probe(request) {
      const derived = await derive(request, '');
      return 'state' in derived
        ? { status: 'Unknown', reason: derived.reason, message: derived.message }
        : probeStore(derived.data, request.signal, reach);
    },

    contextOf: ({ config, repositoryPath }, location) =>
      repositoryContext(
        repositoryPath,
        `${namespace}/${config.resticSecret.name}`,
        remedies,
        location && `${namespace}/${location}`,
      ),
  };
}

type Completed = Omit<CompletedSecret, 'location'> & { location: string | undefined };
