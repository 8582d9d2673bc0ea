import { describe, expect, it } from '@jest/globals';
import { diagnose } from './diagnosis.ts';
import { repositoryContext } from '../access/repository-context.ts';

const remedies = { privileges: 'let it do more', space: 'give it more' };

const PLACE = repositoryContext('cluster/shop/database', 'velero/restic-config', remedies);

describe('an error of the storage', () => {
  // As restic prints them: the text of the error, without its code.
  it.each([
    ['RepositoryUnreachable', 'Stat(<config/>) failed: Stat: The specified bucket does not exist.'],
    [
      'RepositoryUnreachable',
      'Fatal: unable to open repository at s3:h/b: client.MakeBucket: Access Denied.',
    ],
    ['PermissionDenied', 'Fatal: create key in repository at s3:h/b failed: Stat: Access Denied.'],
    [
      'PermissionDenied',
      'Stat: The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    ],
    ['PermissionDenied', 'Stat: The AWS Access Key Id you provided does not exist in our records.'],
  ])('is %s: %s', (reason, line) => {
    expect(diagnose([line], { exitCode: 1 }, PLACE)).toMatchObject({ reason, evidence: line });
  });
});

describe('the diagnosis of a failed restore', () => {
  it('names the file that the mover was not allowed to create, not the number of errors', () => {
    const lines = [
      'ignoring error for /t/null: mknod /data/t/null: operation not permitted',
      'Fatal: There were 1 errors',
    ];
    expect(diagnose(lines, { exitCode: 1 }, PLACE)).toMatchObject({
      reason: 'PermissionDenied',
      evidence: lines[0],
      attempts: 1,
    });
  });

  it('explains how to keep file owners', () => {
    const lines = [
      'ignoring error for /a: lchown /data/a: operation not permitted',
      'Fatal: There were 7 errors',
    ];
    expect(diagnose(lines, { exitCode: 1 }, PLACE).message).toContain(remedies.privileges);
  });
});

describe('a repository that is reached through a storage location', () => {
  const THROUGH = repositoryContext(
    'cluster/shop/database',
    'velero/restic-config',
    remedies,
    'velero/archive',
  );

  it.each([
    ['NoSuchBucket', 'correct BackupStorageLocation velero/archive'],
    ['AccessDenied', 'check the credentials of BackupStorageLocation velero/archive'],
    ['x509: unknown authority', 'its spec.objectStorage.caCert'],
  ])('reports for %s what to correct in that location', (line, text) => {
    const { message } = diagnose([line], { exitCode: 1 }, THROUGH);
    expect(message).toContain(text);
    expect(message).not.toContain('RESTIC_REPOSITORY');
  });
});

describe('a bucket error of the store', () => {
  it.each([
    [
      'RepositoryUnreachable',
      'AWS_DEFAULT_REGION',
      "Stat(<config/>) failed: Stat: The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
    ],
    [
      'RepositoryUnreachable',
      'AWS_DEFAULT_REGION',
      'Stat: The authorization header is malformed; a non-empty region must be provided in the credential.',
    ],
    [
      'PermissionDenied',
      'check the region',
      'Fatal: unable to open repository at s3:http://s3/b/r: client.BucketExists: 400 Bad Request',
    ],
    [
      'PermissionDenied',
      'object lock or a retention',
      'Remove(<lock/1a2b3c4d5e>) failed: client.RemoveObject: Object is WORM protected and cannot be overwritten.',
    ],
    [
      'PermissionDenied',
      'object lock or a retention',
      'Remove(<lock/1a2b3c4d5e>) failed: client.RemoveObject: Access Denied because object protected by object lock.',
    ],
    [
      'NoSpace',
      'its quota is reached',
      'Save(<data/1a2b3c4d5e>) failed: client.PutObject: Bucket quota exceeded',
    ],
    ['NoSpace', 'its quota is reached', 'Save(<data/1a2b3c4d5e>) failed: client.PutObject: QuotaExceeded'],
    [
      'NoSpace',
      'its quota is reached',
      'client.PutObject: Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.',
    ],
  ])('is %s, and names %s: %s', (reason, remedy, line) => {
    const found = diagnose([line], { exitCode: 1 }, PLACE);
    expect(found).toMatchObject({ reason, evidence: line, attempts: 1 });
    expect(found.message).toContain(remedy);
  });
});

it('a session token that the storage rejects is reported as PermissionDenied', () => {
  const line = 'Fatal: unable to open repository at s3:http://s3/b/r: client.BucketExists: 400 Bad Request';
  expect(diagnose([line], { exitCode: 1 }, PLACE)).toMatchObject({ reason: 'PermissionDenied', attempts: 1 });
});

describe('long lines from a tenant or a repository', () => {
  it.each(['chown ', 'utimes', 'lsetxattr x: ', 'Fatal: ', '://', 'permission '])(
    'of nothing but "%s" are read once each',
    (word) => {
      const lines = Array.from({ length: 200 }, () => word.repeat(64_000 / word.length));
      const begin = performance.now();
      expect(diagnose(lines, { exitCode: 1 }, PLACE)).toMatchObject({ reason: 'MoverFailed' });
      // Reading each line several times over would take many minutes on any machine.
      expect(performance.now() - begin).toBeLessThan(60_000);
    },
  );
});
