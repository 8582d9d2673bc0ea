import { tokenKubeconfig } from './pki.ts';
import type { Context } from './component.ts';

/**
 * Returns a kubeconfig for a program outside the cluster that runs as a service account, so that RBAC applies as in a pod. The
 * kubeconfig is reused while its token is valid, because a new one would restart the program.
 */
export async function serviceAccountKubeconfig(
  { config, kubectl }: Context,
  namespace: string,
  name: string,
): Promise<string> {
  const args = ['create', 'token', name, '--namespace', namespace, '--duration=87600h'];
  return tokenKubeconfig(config, (await kubectl(args)).trim());
}
