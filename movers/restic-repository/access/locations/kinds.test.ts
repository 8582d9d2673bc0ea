import { describe, expect, it } from '@jest/globals';
import { kindOf } from './kinds.ts';
import type { LocationSpec } from './location.ts';

function spec(provider: string, config: Record<string, string> = {}, prefix?: string): LocationSpec {
  return { provider, config, objectStorage: { bucket: 'b', ...(prefix !== undefined && { prefix }) } };
}

const baseOf = (one: LocationSpec) => kindOf(one)?.base(one);
const credentialsOf = (text: string, one: LocationSpec) => kindOf(one)?.credentials(text, one);

const AWS = '[default]\naws_access_key_id=id\naws_secret_access_key=key\n';
const ACCOUNT = { type: 'service_account', project_id: 'p', client_email: 'e', private_key: 'hush' };

describe('the base URL of repositories in a storage location', () => {
  it.each<[LocationSpec, string, Record<string, string>]>([
    [spec('aws'), 's3:https://s3.amazonaws.com/b/restic/oadp.openshift.io', {}],
    [
      spec('velero.io/aws', { region: 'eu-west-1' }),
      's3:https://s3.eu-west-1.amazonaws.com/b/restic/oadp.openshift.io',
      { AWS_DEFAULT_REGION: 'eu-west-1' },
    ],
    [
      spec('aws', { region: 'cn-north-1' }),
      's3:https://s3.cn-north-1.amazonaws.com.cn/b/restic/oadp.openshift.io',
      { AWS_DEFAULT_REGION: 'cn-north-1' },
    ],
    [
      spec('aws', { s3Url: 'http://minio:9000/', s3ForcePathStyle: 'true' }, '/a/b/'),
      's3:http://minio:9000/b/a/b/restic/oadp.openshift.io',
      {},
    ],
    [spec('example.com/s3', { s3Url: 'https://minio' }), 's3:https://minio/b/restic/oadp.openshift.io', {}],
    [
      spec('azure', { storageAccount: 'acc' }, 'p'),
      'azure:b:/p/restic/oadp.openshift.io',
      { AZURE_ACCOUNT_NAME: 'acc' },
    ],
    [
      spec('azure', { storageAccount: 'acc', storageAccountURI: 'https://acc.blob.core.usgovcloudapi.net/' }),
      'azure:b:/restic/oadp.openshift.io',
      { AZURE_ACCOUNT_NAME: 'acc', AZURE_ENDPOINT_SUFFIX: 'core.usgovcloudapi.net' },
    ],
    [spec('gcp', {}, 'p'), 'gs:b:/p/restic/oadp.openshift.io', {}],
  ])('follows from %j', (one, url, variables) => {
    expect(baseOf(one)).toEqual({ url, variables });
  });

  it.each([
    [spec('aws', { s3Url: 'https://host/path' }), 'spec.config.s3Url'],
    [spec('aws', { s3Url: 'https://hush@host' }), 'spec.config.s3Url'],
    [spec('aws', { s3Url: 'host:9000' }), 'spec.config.s3Url'],
    [spec('azure'), 'spec.config.storageAccount'],
    [
      spec('azure', { storageAccount: 'acc', storageAccountURI: 'https://acc.example.com' }),
      'spec.config.storageAccountURI',
    ],
  ])('does not follow from %j, and the error names the field', (one, field) => {
    const { problem } = baseOf(one) as { problem: string };
    expect(problem).toContain(field);
    expect(problem).not.toContain('hush');
  });

  it('is not known of other providers', () => {
    expect(kindOf(spec('example.com/tape'))).toBeUndefined();
  });
});

describe('the credentials of a storage location', () => {
  it.each<[string, string, LocationSpec, Record<string, string>]>([
    ['S3', AWS, spec('aws'), { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' }],
    [
      'S3 with a session',
      `${AWS}aws_session_token=t==\n`,
      spec('aws'),
      { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_SESSION_TOKEN: 't==' },
    ],
    [
      'another profile of S3',
      `${AWS}[other]\naws_access_key_id=id2\naws_secret_access_key=key2`,
      spec('aws', { profile: 'other' }),
      { AWS_ACCESS_KEY_ID: 'id2', AWS_SECRET_ACCESS_KEY: 'key2' },
    ],
    [
      'Azure',
      'AZURE_KEY_1=k==\nAZURE_CLOUD_NAME=AzureUSGovernmentCloud',
      spec('azure', { storageAccountKeyEnvVar: 'AZURE_KEY_1' }),
      { AZURE_ACCOUNT_KEY: 'k==', AZURE_ENDPOINT_SUFFIX: 'core.usgovcloudapi.net' },
    ],
    [
      'Azure by signature',
      'AZURE_ACCOUNT_SAS=sv=1&sig=2',
      spec('azure'),
      { AZURE_ACCOUNT_SAS: 'sv=1&sig=2' },
    ],
    [
      'Google',
      JSON.stringify(ACCOUNT),
      spec('gcp'),
      { GOOGLE_APPLICATION_CREDENTIALS: JSON.stringify(ACCOUNT), GOOGLE_PROJECT_ID: 'p' },
    ],
  ])("become restic's: %s", (_, text, one, variables) => {
    expect(credentialsOf(text, one)).toEqual({ variables });
  });

  it.each<[string, LocationSpec, string]>([
    ['hush', spec('aws'), 'line 1'],
    [AWS.replace('=key', '=hush'), spec('aws', { profile: 'other' }), 'no profile [other]'],
    ['[default]\naws_access_key_id=hush', spec('aws'), 'no aws_secret_access_key'],
    ['[default]\nrole_arn=hush\nsource_profile=hush', spec('aws'), 'with role_arn, source_profile'],
    ['AZURE_CLIENT_ID=a\nAZURE_CLIENT_SECRET=hush', spec('azure'), 'service principal'],
    ['AZURE_STORAGE_KEY=hush', spec('azure', { storageAccountKeyEnvVar: 'OTHER' }), 'neither OTHER nor'],
    ['hush', spec('gcp'), 'not JSON'],
    ['"hush"', spec('gcp'), 'not JSON'],
    ['{"type": "external_account", "token": "hush"}', spec('gcp'), 'service account'],
    ['{"type": "service_account", "private_key": "hush"}', spec('gcp'), 'no client_email'],
  ])('that cannot be used are rejected with the reason, without their values (%#)', (text, one, why) => {
    const { problem } = credentialsOf(text, one) as { problem: string };
    expect(problem).toContain(why);
    expect(problem).not.toContain('hush');
  });
});
