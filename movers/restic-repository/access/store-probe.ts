import http from 'node:http';
import https from 'node:https';
import type { Reach } from '../../factory.ts';
import type { Finding } from '../../mover.ts';
import { CUSTOM_CA_KEY, decode } from './restic-secret.ts';

/**
 * Checks whether the store behind a repository's URL responds. Requests the root of the store, without credentials, path or
 * query, so that of the secret only host and port are sent; any response of the store itself counts.
 */

const PROBE_TIMEOUT_MS = 5_000;

const REACHABLE = 'Reachable';
const UNREACHABLE = 'RepositoryUnreachable';

/** Responses of a gateway without a backend. */
const GATEWAY_ERRORS = [502, 503, 504];

/** `data` is that of a repository's secret, in base64. */
export async function probeStore(
  data: Readonly<Record<string, string>>,
  outer: AbortSignal,
  reach: Reach = reachOverHttp,
): Promise<Finding> {
  const store = storeOf(data);
  if (store === undefined) {
    const message = 'key RESTIC_REPOSITORY contains no host that can be checked';
    return { status: 'Unknown', reason: 'NotChecked', message };
  }
  const { host } = new URL(store);
  const limit = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const authority = decode(data[CUSTOM_CA_KEY]);
  try {
    const status = await reach(store, {
      authority: authority === '' ? undefined : authority,
      signal: AbortSignal.any([outer, limit]),
    });
    if (!GATEWAY_ERRORS.includes(status))
      return { status: 'True', reason: REACHABLE, message: `${host} responds to the controller` };
    return unreachable(host, `responds with HTTP status ${String(status)}: its gateway has no backend`);
  } catch (error) {
    outer.throwIfAborted();
    return unreachable(
      host,
      limit.aborted ? `has not responded within ${String(PROBE_TIMEOUT_MS / 1000)} s` : errorText(error),
    );
  }
}

function unreachable(host: string, what: string): Finding {
  const message = `the store ${host} ${what}, seen from the controller; check the store, key RESTIC_REPOSITORY, and the NetworkPolicies and proxies in between`;
  return { status: 'False', reason: UNREACHABLE, message };
}

/** Returns the root of the store's URL, without credentials that the repository's URL may contain. */
function storeOf(data: Readonly<Record<string, string>>): string | undefined {
  const [, scheme = '', rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(decode(data['RESTIC_REPOSITORY'])) ?? [];
  const url = Object.hasOwn(STORES, scheme) ? STORES[scheme]?.(rest, (key) => decode(data[key])) : undefined;
  if (url === undefined || !URL.canParse(url)) return undefined;
  return `${new URL(url).origin}/`;
}

/** Returns the URL that restic connects to, by scheme of the repository's URL. */
const STORES: Readonly<Record<string, (rest: string, valueOf: (key: string) => string) => string>> = {
  s3: (rest) => (/^https?:\/\//.test(rest) ? rest : `https://${rest.replace(/^\/+/, '')}`),
  rest: (rest) => rest,
  azure: (_, valueOf) => {
    const suffix = valueOf('AZURE_ENDPOINT_SUFFIX');
    return `https://${valueOf('AZURE_ACCOUNT_NAME')}.blob.${suffix === '' ? 'core.windows.net' : suffix}`;
  },
  gs: () => 'https://storage.googleapis.com',
  b2: () => 'https://api.backblazeb2.com',
};

/** Text for users, by Node's error code. */
const NETWORK_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has a host name that does not exist',
  EAI_AGAIN: 'has a host name that cannot be resolved',
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'closes the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
};

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

function errorText(error: unknown): string {
  const { code = 'unknown error' } = error as { code?: string };
  if (UNTRUSTED.test(code))
    return `presents a certificate that is not trusted (${code}): put that of its authority into key ${CUSTOM_CA_KEY}`;
  return NETWORK_ERRORS[code] ?? `cannot be reached (${code})`;
}

const reachOverHttp: Reach = (url, { authority, signal }) =>
  new Promise((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    // Not pooled: one request per minute is not worth a connection that is kept open.
    const options = {
      method: 'HEAD',
      signal,
      agent: false,
      ...(authority !== undefined && { ca: authority }),
    };
    const call = request(url, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end();
  });
