import { tokenKubeconfig } from './pki.ts';
import type { Context } from './component.ts';

/**
 * A kubeconfig for a program outside the cluster that acts as a service account, so that RBAC holds for it
 * as it would in a pod. The same as long as its token is good: a new one would restart the program.
 */
export async function serviceAccountKubeconfig(
  { config, kubectl }: Context,
  namespace: string,
  name: string,
): Promise<string> {
  const args = ['create', 'token', name, '--namespace', namespace, '--duration=87600h'];
  return tokenKubeconfig(config, (await kubectl(args)).trim());
}
