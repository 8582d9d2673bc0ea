import { describe, expect, it } from '@jest/globals';
import { rcloneAccess } from './rclone-access.ts';
import { decode, encode } from './restic-secret.ts';

const KEYS = {
  RESTIC_PASSWORD: encode('hush'),
  AWS_ACCESS_KEY_ID: encode('id'),
  AWS_SECRET_ACCESS_KEY: encode('key'),
};

function accessTo(url: string, more: Record<string, string> = {}): Record<string, string> | string {
  const found = rcloneAccess({ ...KEYS, ...more, RESTIC_REPOSITORY: encode(url) });
  if ('problem' in found) return found.problem;
  return Object.fromEntries(Object.entries(found.data).map(([key, value]) => [key, decode(value)]));
}

describe("rclone's way to a repository", () => {
  it("is restic's, without the password", () => {
    expect(accessTo('s3:http://host:9000/bucket/a/c1/app/data')).toEqual({
      RCLONE_CONFIG_REPOSITORY_TYPE: 's3',
      RCLONE_CONFIG_REPOSITORY_PROVIDER: 'Other',
      RCLONE_CONFIG_REPOSITORY_ENDPOINT: 'http://host:9000',
      RCLONE_CONFIG_REPOSITORY_ACCESS_KEY_ID: 'id',
      RCLONE_CONFIG_REPOSITORY_SECRET_ACCESS_KEY: 'key',
      REPOSITORY_FOLDER: 'bucket/a/c1/app/data',
    });
  });

  it.each([
    ['s3:s3.eu-west-1.amazonaws.com/bucket/c1/app/data', 'AWS', 'https://s3.eu-west-1.amazonaws.com'],
    [
      's3:https://s3.cn-north-1.amazonaws.com.cn/bucket/c1/app/data',
      'AWS',
      'https://s3.cn-north-1.amazonaws.com.cn',
    ],
    ['s3:https://amazonaws.com.example.com/bucket/c1/app/data', 'Other', 'https://amazonaws.com.example.com'],
  ])('has the S3 provider of the URL: %s', (url, provider, endpoint) => {
    expect(accessTo(url)).toMatchObject({
      RCLONE_CONFIG_REPOSITORY_PROVIDER: provider,
      RCLONE_CONFIG_REPOSITORY_ENDPOINT: endpoint,
    });
  });

  it('includes the session token, the region and the CA certificate', () => {
    const more = {
      AWS_SESSION_TOKEN: encode('t'),
      AWS_DEFAULT_REGION: encode('eu-west-1'),
      RESTIC_CUSTOM_CA: encode('pem'),
    };
    expect(accessTo('s3:https://host/bucket/c1/app/data', more)).toMatchObject({
      RCLONE_CONFIG_REPOSITORY_SESSION_TOKEN: 't',
      RCLONE_CONFIG_REPOSITORY_REGION: 'eu-west-1',
      RESTIC_CUSTOM_CA: 'pem',
    });
  });

  it.each(['gs:bucket:/a', 'azure:c:/a', 'b2:b:a', 'rest:https://hush@host/a'])('is none at %s', (url) => {
    expect(accessTo(url)).toMatch(/^repositories at \w+: cannot be removed, only those at s3:$/);
  });

  // URLs that two programs could interpret differently: nothing is deleted.
  it.each([
    's3:https://host/bucket',
    's3:https://host/bucket//data',
    's3:https://host/bucket/../data',
    's3:https://host/bucket/a%2Fb/data',
    's3:https://host/bucket/a?b/data',
    's3:https://hush@host/bucket/data',
    's3://host/bucket/data',
    's3:https://host//bucket/data',
    's3:https://host/bucket/a b/data',
  ])('is none if the URL is ambiguous: %s', (url) => {
    expect(accessTo(url)).toMatch(/^its URL has more than a host, a bucket and folders of letters/);
  });
});
