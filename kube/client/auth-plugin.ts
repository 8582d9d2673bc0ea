import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { TlsOptions } from './transport.ts';

/** The result of an exec plugin or identity provider. */
export interface PluginAuthorization {
  tls: TlsOptions;
  authorization: (fresh: boolean) => Promise<string | undefined>;
}

/**
 * Returns credentials from a program (`exec`) or an identity provider (`auth-provider`), through @kubernetes/client-node, which
 * caches a token until it expires. Only this module loads that package.
 */
export async function authorizeByPlugin(entry: {
  cluster: { name: string };
  user: { name: string };
}): Promise<PluginAuthorization> {
  const config = new KubeConfig();
  config.loadFromString(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'only',
      clusters: [entry.cluster],
      users: [entry.user],
      contexts: [{ name: 'only', context: { cluster: entry.cluster.name, user: entry.user.name } }],
    }),
  );
  const credentials = async (): Promise<RequestOptions> => {
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    return options;
  };
  const first = await credentials();
  return {
    tls: {
      ...(isPem(first.cert) ? { cert: first.cert } : {}),
      ...(isPem(first.key) ? { key: first.key } : {}),
    },
    async authorization() {
      const headers = (await credentials()).headers as Record<string, string | undefined> | undefined;
      return headers?.Authorization ?? headers?.authorization;
    },
  };
}

const isPem = (value: unknown): value is string | Buffer =>
  typeof value === 'string' || Buffer.isBuffer(value);
