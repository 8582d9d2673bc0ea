import { secrets } from '../../../api/external/core.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { deriveResticSecret } from '../../repository/restic-secret.ts';
import type { MoverOutcome, RepositoryRequest } from '../mover.ts';
import type { VolSyncConfig } from './config.ts';
import type { Place } from './diagnosis.ts';

type Request = RepositoryRequest<VolSyncConfig>;

/** The access to repositories that the administrator's secret gives. */
export interface Credentials {
  /** The base64 data for this request's own secret; a failure names secret, key and remedy. */
  of(
    request: Request,
  ): Promise<{ data: Record<string, string> } | Extract<MoverOutcome<never>, { state: 'Failed' }>>;
  /** What messages call the secret and the repository. */
  placeOf(request: Request): Place;
}

export function createCredentials(client: KubeClient, namespace: string): Credentials {
  return {
    async of({ config, repositoryPath, signal }) {
      const { name } = config.resticSecret;
      const user = await client.get(secrets, { namespace, name }, { signal });
      if (user === undefined) {
        return {
          state: 'Failed',
          reason: 'SecretNotFound',
          message: `Secret ${namespace}/${name}, named by config.resticSecret.name, does not exist; create it with keys RESTIC_REPOSITORY, RESTIC_PASSWORD and the credentials of the storage`,
        };
      }
      const derived = deriveResticSecret(user, repositoryPath);
      return 'reason' in derived ? { state: 'Failed', ...derived } : { data: derived.data };
    },
    placeOf: ({ config, repositoryPath }) => ({
      secret: `${namespace}/${config.resticSecret.name}`,
      repository: repositoryPath,
    }),
  };
}
