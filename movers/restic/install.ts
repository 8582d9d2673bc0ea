import { persistentVolumeClaims } from '../../api/kubernetes/core.ts';
import { labels } from '../../api/datamover/v1alpha1/keys.ts';
import { installRepositoryTools } from '../restic-repository/install.ts';
import type { Remedies } from '../restic-repository/access/repository-context.ts';
import { createVerifier } from '../restic-repository/verification/verify.ts';
import type { MoverDependencies } from '../factory.ts';
import type { Mover } from '../mover.ts';
import { createCaches } from './caches.ts';
import type { ResticConfig } from './config.ts';
import { createResticMover } from './restic-mover.ts';

const remedies: Remedies = {
  privileges: 'run the mover as root (remove config.moverSecurityContext from the class)',
  space: 'add ephemeral storage to its node',
};

/** Creates the mover that needs only Jobs in the cluster. */
export function installRestic(deps: MoverDependencies): Mover {
  const tools = installRepositoryTools(deps, remedies);
  const { resticRunner } = tools;
  const { namespace } = deps;
  const ofCaches = { namespace, labelSelector: labels.cache };
  const claims = deps.informers.informer(persistentVolumeClaims, ofCaches);
  return createResticMover({
    ...tools,
    client: deps.client,
    namespace,
    caches: createCaches({ ...deps, claims }),
    wake: deps.wake,
    verifier: createVerifier({
      resticRunner,
      isPrivileged: ({ config }) =>
        Promise.resolve((config as ResticConfig).moverSecurityContext === undefined),
    }),
  });
}
