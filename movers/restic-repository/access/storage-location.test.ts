import { beforeEach, describe, expect, it } from '@jest/globals';
import { secrets, type Secret } from '../../../api/kubernetes/core.ts';
import { backupStorageLocations, type BackupStorageLocation } from '../../../api/velero/v1.ts';
import type { RequestKind } from '../../mover.ts';
import { FakeKube } from '../../../tests/fakes/fake-kube.ts';
import { decode, encode } from './restic-secret.ts';
import type { AccessProblem } from '../../access-problem.ts';
import { completeSecret, type CompletedSecret } from './storage-location.ts';

const NAMESPACE = 'velero';
const AWS = '[default]\naws_access_key_id=hush-id\naws_secret_access_key=hush-key\n';

let kube: FakeKube;

beforeEach(() => {
  kube = new FakeKube();
  addSecret('cloud-credentials', { cloud: AWS });
});

function addSecret(name: string, values: Record<string, string>): Secret {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
  return kube.seed(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: NAMESPACE, name },
    data,
  });
}

function addLocation(name: string, change: Partial<BackupStorageLocation['spec']> = {}): void {
  const { config, objectStorage, ...rest } = change;
  kube.seed(backupStorageLocations, {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { namespace: NAMESPACE, name },
    spec: {
      provider: 'aws',
      ...rest,
      config: { s3Url: 'https://s3.example.com', ...config },
      objectStorage: { bucket: 'b', ...objectStorage },
    },
  });
}

async function complete(
  own: Record<string, string> = {},
  { name, kind = 'backup' }: { name?: string; kind?: RequestKind } = {},
): Promise<CompletedSecret | AccessProblem> {
  const user = addSecret('restic-config', { RESTIC_PASSWORD: 'hush-password', ...own });
  return completeSecret(kube.client(), user, { kind, name, signal: new AbortController().signal });
}

async function values(...args: Parameters<typeof complete>): Promise<Record<string, string>> {
  const completed = await complete(...args);
  if ('reason' in completed) throw new Error(completed.message);
  return Object.fromEntries(
    Object.entries(completed.secret.data ?? {}).map(([key, value]) => [key, decode(value)]),
  );
}

/** Returns the problem, after checking that its message contains no value of a secret. */
async function problem(...args: Parameters<typeof complete>): Promise<AccessProblem> {
  const completed = await complete(...args);
  if (!('reason' in completed)) throw new Error('it could be completed');
  expect(completed.message).not.toContain('hush');
  expect(completed.message).not.toContain(encode('hush').slice(0, 5));
  return completed;
}

describe('a secret with a password only', () => {
  it('gets the rest from the default location', async () => {
    addLocation('other');
    addLocation('main', { default: true, config: { region: 'eu' } });
    expect(await values()).toEqual({
      RESTIC_PASSWORD: 'hush-password',
      RESTIC_REPOSITORY: 's3:https://s3.example.com/b/restic/oadp.openshift.io',
      AWS_ACCESS_KEY_ID: 'hush-id',
      AWS_SECRET_ACCESS_KEY: 'hush-key',
      AWS_DEFAULT_REGION: 'eu',
    });
    expect(await complete()).toMatchObject({ location: 'main' });
  });

  it('gets it from the location that is named, and its own credential', async () => {
    addLocation('main', { default: true });
    addLocation('archive', { credential: { name: 'own', key: 'k' }, objectStorage: { bucket: 'old' } });
    addSecret('own', { k: AWS.replace('hush-id', 'hush-own') });
    expect(await values({}, { name: 'archive' })).toMatchObject({
      RESTIC_REPOSITORY: 's3:https://s3.example.com/old/restic/oadp.openshift.io',
      AWS_ACCESS_KEY_ID: 'hush-own',
    });
  });

  it('keeps its own settings, and its own credentials are not mixed with those of the location', async () => {
    addLocation('main', { default: true, config: { region: 'eu' } });
    addSecret('cloud-credentials', { cloud: `${AWS}aws_session_token=hush-token` });
    const own = { AWS_ACCESS_KEY_ID: 'mine', AWS_SECRET_ACCESS_KEY: 'mine too', AWS_DEFAULT_REGION: 'us' };
    const got = await values(own);
    expect(got).toMatchObject(own);
    expect(got).not.toHaveProperty('AWS_SESSION_TOKEN');
  });

  it.each([
    ['spec.objectStorage.caCert', { caCert: encode('PEM') }],
    ['a secret', { caCertRef: { name: 'ca', key: 'ca.crt' } }],
  ])('trusts the authority of the location in %s', async (_, objectStorage) => {
    addSecret('ca', { 'ca.crt': 'PEM' });
    const insecure = { insecureSkipTLSVerify: 'true' };
    addLocation('main', {
      default: true,
      config: insecure,
      objectStorage: { bucket: 'b', ...objectStorage },
    });
    expect(await values()).toMatchObject({ RESTIC_CUSTOM_CA: 'PEM' });
    expect(await values({ RESTIC_CUSTOM_CA: 'mine' })).toMatchObject({ RESTIC_CUSTOM_CA: 'mine' });
  });

  it('is not completed by a location whose certificate is not to be checked, unless nothing is encrypted', async () => {
    addLocation('main', { default: true, config: { insecureSkipTLSVerify: 'true' } });
    const { reason, message } = await problem();
    expect(reason).toBe('StorageLocationInvalid');
    expect(message).toContain('velero/main');
    expect(message).toContain('spec.objectStorage.caCert');
    expect(message).toContain('RESTIC_CUSTOM_CA of Secret velero/restic-config');
    addLocation('main', {
      default: true,
      config: { insecureSkipTLSVerify: 'true', s3Url: 'http://s3.example.com' },
    });
    expect(await values()).toMatchObject({ AWS_ACCESS_KEY_ID: 'hush-id' });
  });

  it('may restore from a location that is read-only, and nothing else', async () => {
    addLocation('main', { default: true, accessMode: 'ReadOnly' });
    expect(await values({}, { kind: 'restore' })).toMatchObject({ AWS_ACCESS_KEY_ID: 'hush-id' });
    for (const kind of ['backup', 'delete'] as const)
      expect(await problem({}, { kind })).toMatchObject({ reason: 'StorageLocationInvalid' });
  });

  const missing: [string, () => void, string | undefined, string, string[]][] = [
    [
      'no location is the default',
      () => addLocation('main'),
      undefined,
      'StorageLocationNotFound',
      ['default BackupStorageLocation', 'config.backupStorageLocation.name', 'RESTIC_REPOSITORY'],
    ],
    ['the named location is not there', () => undefined, 'gone', 'StorageLocationNotFound', ['velero/gone']],
    [
      'nobody knows its provider',
      () => addLocation('tape', { provider: 'tape', config: { s3Url: '' } }),
      'tape',
      'StorageLocationInvalid',
      ['velero/tape', 'spec.provider "tape"', 'aws, azure, gcp'],
    ],
    [
      'it has no URL for restic',
      () => addLocation('main', { config: { s3Url: 'https://host/path' } }),
      'main',
      'StorageLocationInvalid',
      ['velero/main', 'spec.config.s3Url'],
    ],
    [
      'its credential is not there',
      () => addLocation('main', { credential: { name: 'none', key: 'k' } }),
      'main',
      'SecretNotFound',
      ['velero/none', 'key k', 'velero/main', 'AWS_ACCESS_KEY_ID', 'velero/restic-config'],
    ],
    [
      'its credential has not the key',
      () => addLocation('main', { credential: { name: 'cloud-credentials', key: 'other' } }),
      'main',
      'SecretInvalid',
      ['key other', 'velero/cloud-credentials', 'velero/main'],
    ],
    [
      'its credential cannot be read',
      () => {
        addSecret('broken', { k: '[default]\nhush' });
        addLocation('main', { credential: { name: 'broken', key: 'k' } });
      },
      'main',
      'SecretInvalid',
      ['key k', 'velero/broken', 'velero/main', 'line 2'],
    ],
    [
      'its certificates are not there',
      () =>
        addLocation('main', {
          objectStorage: { bucket: 'b', caCertRef: { name: 'cloud-credentials', key: 'ca' } },
        }),
      'main',
      'SecretInvalid',
      ['key ca', 'velero/cloud-credentials', 'the certificates of BackupStorageLocation velero/main'],
    ],
  ];

  it.each(missing)('is not completed when %s', async (_, prepare, name, reason, texts) => {
    prepare();
    const found = await problem({}, name === undefined ? {} : { name });
    expect(found.reason).toBe(reason);
    for (const text of texts) expect(found.message).toContain(text);
  });
});
