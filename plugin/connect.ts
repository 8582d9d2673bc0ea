import type { KubeClient } from '../kube/client/kube-client.ts';
import { PluginError } from './plugin-error.ts';

/** The field manager of the plugin's writes. */
const FIELD_MANAGER = 'velero-plugin-for-datamover';

/** Velero waits for every call without a timeout of its own. */
const CALL_TIMEOUT_MS = 30_000;

/**
 * Connects to the cluster that Velero runs in, or to the one of `KUBECONFIG`. Loads the modules of the client only here, so that
 * a process that only lists its actions does not load them.
 */
export async function connect(env: Readonly<Record<string, string | undefined>>): Promise<KubeClient> {
  const [{ loadKubeConfig }, { createKubeClientOver }, { createNodeTransport }] = await Promise.all([
    import('../kube/client/config.ts'),
    import('../kube/client/kube-client-over.ts'),
    import('../kube/client/node-transport.ts'),
  ]);
  const config = await loadKubeConfig({ env }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluginError(`the data mover's plugin cannot reach Kubernetes: ${reason}`, { cause });
  });
  return createKubeClientOver(createNodeTransport, config, {
    fieldManager: FIELD_MANAGER,
    timeoutMs: CALL_TIMEOUT_MS,
  });
}
