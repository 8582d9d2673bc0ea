import { describe, expect, it } from '@jest/globals';
import type { Secret } from '../../../api/kubernetes/core.ts';
import { deriveResticSecret } from './restic-secret.ts';

const encode = (value: string): string => Buffer.from(value).toString('base64');
const decode = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();

/** Values that are easy to find in a message that leaks one. */
const HUSH = {
  RESTIC_PASSWORD: 'hush-password',
  AWS_ACCESS_KEY_ID: 'hush-id',
  AWS_SECRET_ACCESS_KEY: 'hush-key',
  AZURE_ACCOUNT_NAME: 'hush-account',
  AZURE_ACCOUNT_SAS: 'hush-sas',
  GOOGLE_APPLICATION_CREDENTIALS: 'hush-json',
  B2_ACCOUNT_ID: 'hush-b2',
  B2_ACCOUNT_KEY: 'hush-b2-key',
  RESTIC_REST_USERNAME: 'hush-user',
};
const S3 = 's3:https://s3.example.com/bucket/base';

function secret(values: Record<string, string>): Secret {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'velero', name: 'restic-config' }, data };
}

function without(...keys: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(HUSH).filter(([key]) => !keys.includes(key)));
}

describe("a request's secret", () => {
  it.each([
    ['s3:https://h/b', ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']],
    ['azure:container:/', ['AZURE_ACCOUNT_NAME', 'AZURE_ACCOUNT_SAS']],
    ['gs:bucket:/base', ['GOOGLE_APPLICATION_CREDENTIALS']],
    ['b2:bucket:base', ['B2_ACCOUNT_ID', 'B2_ACCOUNT_KEY']],
    ['rest:https://h:8000', ['RESTIC_REST_USERNAME']],
  ])('for %s contains only what its provider requires', (base, keys) => {
    const derived = deriveResticSecret(
      secret({ ...HUSH, UNRELATED: 'x', RESTIC_REPOSITORY: base }),
      'c1/app/data',
    );
    expect('data' in derived && Object.keys(derived.data).sort()).toEqual(
      ['RESTIC_PASSWORD', 'RESTIC_REPOSITORY', ...keys].sort(),
    );
  });

  it.each([S3, `${S3}/`, `${S3}//`])('points below the base %s, with or without a trailing slash', (base) => {
    const derived = deriveResticSecret(secret({ ...HUSH, RESTIC_REPOSITORY: base }), 'c1/app/data');
    expect('data' in derived && decode(derived.data['RESTIC_REPOSITORY'])).toBe(`${S3}/c1/app/data`);
  });

  it('takes the tuning and the private authority along', () => {
    const more = { RESTIC_COMPRESSION: 'max', RESTIC_CUSTOM_CA: 'PEM', AWS_DEFAULT_REGION: 'eu' };
    const derived = deriveResticSecret(secret({ ...HUSH, ...more, RESTIC_REPOSITORY: S3 }), 'p');
    expect('data' in derived && derived.data).toMatchObject({
      RESTIC_COMPRESSION: encode('max'),
      RESTIC_CUSTOM_CA: encode('PEM'),
      AWS_DEFAULT_REGION: encode('eu'),
    });
  });

  it.each([
    ['RESTIC_REPOSITORY', HUSH],
    ['RESTIC_REPOSITORY', { ...HUSH, RESTIC_REPOSITORY: ' \n' }],
    ['RESTIC_REPOSITORY', { ...HUSH, RESTIC_REPOSITORY: '/srv/restic' }],
    ['RESTIC_REPOSITORY', { ...HUSH, RESTIC_REPOSITORY: 'ftp:host' }],
    ['RESTIC_PASSWORD', { ...without('RESTIC_PASSWORD'), RESTIC_REPOSITORY: S3 }],
    ['AWS_ACCESS_KEY_ID', { ...without('AWS_ACCESS_KEY_ID'), RESTIC_REPOSITORY: S3 }],
    ['AWS_SECRET_ACCESS_KEY', { ...HUSH, AWS_SECRET_ACCESS_KEY: '', RESTIC_REPOSITORY: S3 }],
    [
      'AZURE_ACCOUNT_KEY or AZURE_ACCOUNT_SAS',
      { ...without('AZURE_ACCOUNT_SAS'), RESTIC_REPOSITORY: 'azure:c:/' },
    ],
    [
      'GOOGLE_APPLICATION_CREDENTIALS',
      { ...without('GOOGLE_APPLICATION_CREDENTIALS'), RESTIC_REPOSITORY: 'gs:b:/' },
    ],
  ])('is refused for its key %s, by names and never by values', (key, values: Record<string, string>) => {
    const problem = deriveResticSecret(secret(values), 'c1/app/data');
    expect(problem).toMatchObject({ reason: 'SecretInvalid' });
    const message = 'message' in problem ? problem.message : '';
    expect(message).toContain('velero/restic-config');
    expect(message).toContain(key);
    for (const value of Object.values(values).filter((text) => text.trim() !== '')) {
      expect(message).not.toContain(value);
      expect(message).not.toContain(encode(value));
    }
  });

  it("is refused when the user's has no data at all", () => {
    const { data: _, ...bare } = secret({});
    expect(deriveResticSecret(bare, 'p')).toMatchObject({ reason: 'SecretInvalid' });
  });
});
