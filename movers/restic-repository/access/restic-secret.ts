import type { Secret } from '../../../api/kubernetes/core.ts';
import type { AccessProblem } from '../../access-problem.ts';

/**
 * The secret of one request: the keys of the user's secret that restic needs for one repository, and no others. Values stay
 * base64, so that this code decodes only the URL of the repository and tests whether values are empty.
 */

/** Key whose value is a PEM bundle for a private certificate authority. */
export const CUSTOM_CA_KEY = 'RESTIC_CUSTOM_CA';

interface Provider {
  /** Required keys; of an inner list, any one is enough. */
  required: readonly (string | readonly string[])[];
  optional: readonly string[];
}

/**
 * By scheme of RESTIC_REPOSITORY. The keys are those that VolSync's mover passes to restic; all movers use them, so that one
 * secret works for all.
 */
const PROVIDERS: Readonly<Record<string, Provider>> = {
  s3: {
    required: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    optional: ['AWS_SESSION_TOKEN', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'],
  },
  azure: {
    required: ['AZURE_ACCOUNT_NAME', ['AZURE_ACCOUNT_KEY', 'AZURE_ACCOUNT_SAS']],
    optional: ['AZURE_ENDPOINT_SUFFIX'],
  },
  gs: { required: ['GOOGLE_APPLICATION_CREDENTIALS'], optional: ['GOOGLE_PROJECT_ID'] },
  b2: { required: ['B2_ACCOUNT_ID', 'B2_ACCOUNT_KEY'], optional: [] },
  rest: { required: [], optional: ['RESTIC_REST_USERNAME', 'RESTIC_REST_PASSWORD'] },
};

const COMMON_OPTIONAL = ['RESTIC_COMPRESSION', 'RESTIC_PACK_SIZE', 'RESTIC_READ_CONCURRENCY', CUSTOM_CA_KEY];

/** Returns the base64 data for the request's secret, or a problem of the user's secret. */
export function deriveResticSecret(
  user: Secret,
  repositoryPath: string,
): { data: Record<string, string>; repository: string } | AccessProblem {
  const data = user.data ?? {};
  const problem = (message: string): AccessProblem => ({
    reason: 'SecretInvalid',
    message: `Secret ${user.metadata.namespace ?? ''}/${user.metadata.name}: ${message}`,
  });
  const base = decode(data['RESTIC_REPOSITORY']);
  if (base === '')
    return problem(
      'key RESTIC_REPOSITORY is missing or empty; set it to the base URL of the repositories, e.g. s3:https://host/bucket/folder',
    );
  if (!present(data, 'RESTIC_PASSWORD'))
    return problem('key RESTIC_PASSWORD is missing or empty; set it to the password of the repositories');
  const scheme = /^([a-z0-9]+):/.exec(base)?.[1] ?? '';
  const provider = Object.hasOwn(PROVIDERS, scheme) ? PROVIDERS[scheme] : undefined;
  if (provider === undefined) {
    return problem(
      `key RESTIC_REPOSITORY does not begin with one of ${Object.keys(PROVIDERS)
        .map((s) => `${s}:`)
        .join(', ')}`,
    );
  }
  const missing = provider.required.filter((keys) => ![keys].flat().some((key) => present(data, key)));
  if (missing.length > 0) {
    const names = missing.map((keys) => [keys].flat().join(' or ')).join(', ');
    return problem(`key ${names} is missing or empty; a repository at ${scheme}: needs it`);
  }
  const repository = `${base.replace(/\/+$/, '')}/${repositoryPath}`;
  const wanted = ['RESTIC_PASSWORD', ...provider.required.flat(), ...provider.optional, ...COMMON_OPTIONAL];
  return { repository, data: { ...pick(data, wanted), RESTIC_REPOSITORY: encode(repository) } };
}

function pick(data: Record<string, string>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(keys.filter((key) => present(data, key)).map((key) => [key, data[key] ?? '']));
}

/** Returns true if the secret has a non-empty value for the key. */
export function hasValue({ data = {} }: Secret, key: string): boolean {
  return present(data, key);
}

function present(data: Record<string, string>, key: string): boolean {
  return decode(data[key]) !== '';
}

export function decode(value: string | undefined): string {
  return Buffer.from(value ?? '', 'base64')
    .toString('utf8')
    .trim();
}

export function encode(value: string): string {
  return Buffer.from(value, 'utf8').toString('base64');
}
