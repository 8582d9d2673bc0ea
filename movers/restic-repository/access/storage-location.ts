import type { AccessProblem } from '../../access-problem.ts';
import { secrets, type Secret } from '../../../api/kubernetes/core.ts';
import {
  backupStorageLocations,
  type BackupStorageLocation,
  type SecretKeyRef,
} from '../../../api/velero/v1.ts';
import type { KubeClient } from '../../../kube/client/kube-client.ts';
import { isNotFound } from '../../../kube/client/kube-error.ts';
import type { RequestKind } from '../../mover.ts';
import type { LocationKind, Variables } from './locations/location.ts';
import { kindOf, KNOWN_PROVIDERS } from './locations/kinds.ts';
import { CUSTOM_CA_KEY, decode, encode, hasValue } from './restic-secret.ts';

/**
 * Repositories in the bucket of Velero's backups: if the user's secret contains only the password, the rest is read from a
 * BackupStorageLocation and its credentials.
 */

/** The requested location, and the kind of request that needs it. */
export interface LocationWish {
  kind: RequestKind;
  /** Name. Absent: the default location. */
  name: string | undefined;
  signal: AbortSignal;
}

export interface CompletedSecret {
  /** The user's secret with the missing keys added. */
  secret: Secret;
  /** Name of the location. */
  location: string;
}

/** The secret that `velero install` creates from the given credentials. */
const DEFAULT_CREDENTIAL: SecretKeyRef = { name: 'cloud-credentials', key: 'cloud' };

type Problem = AccessProblem;

/** Adds the settings of the location to a secret. Keys that the secret already has are kept. */
export async function completeSecret(
  client: KubeClient,
  user: Secret,
  wish: LocationWish,
): Promise<CompletedSecret | Problem> {
  const { namespace = '' } = user.metadata;
  const location = await findLocation(client, namespace, wish);
  if ('reason' in location) return location;
  const base = readBase(location, user, wish.kind);
  if ('reason' in base) return base;
  const reader = { client, user, location, signal: wish.signal };
  const credentials = await readCredentials(reader, base.kind);
  if ('reason' in credentials) return credentials;
  const authority = await readAuthority(reader);
  if ('reason' in authority) return authority;
  const data = {
    ...encodeAll({ ...base.variables, ...credentials.variables }),
    ...authority.data,
    ...user.data,
    RESTIC_REPOSITORY: encode(base.url),
  };
  return { secret: { ...user, data }, location: location.metadata.name };
}

async function findLocation(
  client: KubeClient,
  namespace: string,
  { name, signal }: LocationWish,
): Promise<BackupStorageLocation | Problem> {
  const found =
    name === undefined
      ? await findDefault(client, namespace, signal)
      : await client.get(backupStorageLocations, { namespace, name }, { signal });
  if (found !== undefined) return found;
  const which =
    name === undefined ? 'default BackupStorageLocation' : `BackupStorageLocation ${namespace}/${name}`;
  return {
    reason: 'StorageLocationNotFound',
    message: `${which}${name === undefined ? ` of namespace ${namespace}` : ''} does not exist; create it, name another one in config.backupStorageLocation.name of the DataMoverClass, or put RESTIC_REPOSITORY into the secret`,
  };
}

async function findDefault(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<BackupStorageLocation | undefined> {
  try {
    for await (const one of client.list(backupStorageLocations, { namespace, signal })) {
      if (one.spec.default === true) return one;
    }
  } catch (error) {
    // If Velero is not installed, the kind does not exist either.
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}

function readBase(
  location: BackupStorageLocation,
  user: Secret,
  use: RequestKind,
): { kind: LocationKind; url: string; variables: Variables } | Problem {
  const { provider, accessMode } = location.spec;
  if (accessMode === 'ReadOnly' && use !== 'restore')
    return invalid(location, 'spec.accessMode is ReadOnly; only restores may use it');
  const kind = kindOf(location.spec);
  if (kind === undefined) {
    const known = KNOWN_PROVIDERS.join(', ');
    return invalid(
      location,
      `spec.provider "${provider}" is none of ${known}; put RESTIC_REPOSITORY into Secret ${nameOf(user)}`,
    );
  }
  const base = kind.base(location.spec);
  return 'problem' in base ? invalid(location, base.problem) : { kind, ...base };
}

interface Reader {
  client: KubeClient;
  user: Secret;
  location: BackupStorageLocation;
  signal: AbortSignal;
}

/** Returns the location's credentials, or none if the user's secret has its own: the two are never mixed. */
async function readCredentials(
  reader: Reader,
  kind: LocationKind,
): Promise<{ variables: Variables } | Problem> {
  const { user, location } = reader;
  if (kind.credentialKeys.some((key) => hasValue(user, key))) return { variables: {} };
  const ref = location.spec.credential ?? DEFAULT_CREDENTIAL;
  const remedy = `or put ${kind.credentialKeys.join(' and ')} into Secret ${nameOf(user)}`;
  const found = await readKey(reader, ref, 'the credentials', remedy);
  if ('reason' in found) return found;
  const read = kind.credentials(decode(found.value), location.spec);
  if (!('problem' in read)) return read;
  return {
    reason: 'SecretInvalid',
    message: `key ${ref.key} of Secret ${namespaceOf(location)}/${ref.name}, the credentials of BackupStorageLocation ${nameOf(location)}, cannot be used: ${read.problem}; correct it, ${remedy}`,
  };
}

/** Returns the location's certificate authorities, in base64. */
async function readAuthority(reader: Reader): Promise<{ data: Record<string, string> } | Problem> {
  const { user, location } = reader;
  if (hasValue(user, CUSTOM_CA_KEY)) return { data: {} };
  const { caCert = '', caCertRef } = location.spec.objectStorage ?? {};
  if (caCert !== '') return { data: { [CUSTOM_CA_KEY]: caCert } };
  if (caCertRef !== undefined) {
    const found = await readKey(
      reader,
      caCertRef,
      'the certificates',
      'or remove spec.objectStorage.caCertRef',
    );
    return 'reason' in found ? found : { data: { [CUSTOM_CA_KEY]: found.value } };
  }
  if (!skipsVerification(location)) return { data: {} };
  return invalid(
    location,
    `spec.config.insecureSkipTLSVerify is "true", but the mover requires a verified certificate; put the certificate of its authority into spec.objectStorage.caCert, or into key ${CUSTOM_CA_KEY} of Secret ${nameOf(user)}`,
  );
}

function skipsVerification({ spec: { config = {} } }: BackupStorageLocation): boolean {
  const { insecureSkipTLSVerify = '', s3Url = '' } = config;
  return /^(1|t|true)$/i.test(insecureSkipTLSVerify) && !s3Url.startsWith('http://');
}

async function readKey(
  { client, location, signal }: Reader,
  { name, key }: SecretKeyRef,
  what: string,
  remedy: string,
): Promise<{ value: string } | Problem> {
  const namespace = namespaceOf(location);
  const secret = await client.get(secrets, { namespace, name }, { signal });
  const whose = `${what} of BackupStorageLocation ${nameOf(location)}`;
  if (secret === undefined) {
    return {
      reason: 'SecretNotFound',
      message: `Secret ${namespace}/${name}, ${whose}, does not exist; create it with key ${key}, ${remedy}`,
    };
  }
  if (hasValue(secret, key)) return { value: secret.data?.[key] ?? '' };
  return {
    reason: 'SecretInvalid',
    message: `key ${key} of Secret ${namespace}/${name}, ${whose}, is missing or empty; set it, ${remedy}`,
  };
}

function invalid(location: BackupStorageLocation, problem: string): Problem {
  return {
    reason: 'StorageLocationInvalid',
    message: `BackupStorageLocation ${nameOf(location)} cannot hold repositories: ${problem}`,
  };
}

function encodeAll(variables: Variables): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, encode(value)]));
}

function namespaceOf({ metadata }: BackupStorageLocation): string {
  return metadata.namespace ?? '';
}

function nameOf({ metadata }: BackupStorageLocation | Secret): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
