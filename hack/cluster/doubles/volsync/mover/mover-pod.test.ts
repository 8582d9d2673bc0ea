import { describe, expect, it } from '@jest/globals';
import type { ReplicationSource } from '../api.ts';
import { injectionOf } from '../injection.ts';
import { INJECT } from '../keys.ts';
import { chooseMover } from './choose-mover.ts';
import { moverEnvironment } from './environment.ts';
import { forgetOptions } from './forget-options.ts';
import { desiredJob } from './job.ts';
import type { JobInput } from './job.ts';
import { isKeptLine, tailOf } from './log-filter.ts';
import { imageName, jobName } from '../names.ts';
import { checkFields } from './restic-secret.ts';
import { isPruneDue } from './source-mover.ts';

const source = (over: Partial<ReplicationSource> = {}): ReplicationSource => ({
  apiVersion: 'volsync.backube/v1alpha1',
  kind: 'ReplicationSource',
  metadata: { name: 'rs', namespace: 'ns', uid: 'u-1' },
  spec: { restic: {} },
  ...over,
});

describe('names', () => {
  it('become a checksum when a Job name would be too long', () => {
    expect(jobName('src', 'a'.repeat(51))).toHaveLength(63);
    expect(jobName('dst', 'a'.repeat(52))).toMatch(/^volsync-dst-[0-9a-f]{8}$/);
    expect(jobName('src', 'short')).toBe('volsync-src-short');
  });

  it('date an image to the second', () => {
    expect(imageName('data', new Date(2026, 0, 2, 3, 4, 5))).toBe('data-20260102030405');
  });
});

describe('forgetOptions', () => {
  it.each([
    [undefined, '--keep-last 1'],
    [{}, '--keep-last 1'],
    [
      { last: '5', within: '3d', daily: 2, hourly: 3 },
      ' --keep-hourly 3 --keep-daily 2 --keep-within 3d --keep-last 5',
    ],
  ])('%j', (retain, options) => {
    expect(forgetOptions(retain)).toBe(options);
  });
});

describe('the log in the status', () => {
  it.each([
    ['processed 1 files, 6 B in 0:00', true],
    ['snapshot cddb1962 saved', true],
    ['== Directory is empty skipping backup ===', true],
    ['No eligible snapshots found', true],
    ['=== No data will be restored ===', true],
    ['restoring snapshot cddb1962 of [/data] at 2026-01-01 by @volsync to .', true],
    ['Fatal: wrong password or no key found', true],
    ['Restic completed in 4s', true],
    ['Files:           1 new,     0 changed,     0 unmodified', false],
    ['Summary: Restored 1 files/dirs (6 B) in 0:00', false],
    ['=== Done ===', false],
  ])('%s: %p', (line, kept) => {
    expect(isKeptLine(line)).toBe(kept);
  });

  it('is the last bytes, without a broken character', () => {
    expect(tailOf(['abc', 'def'], 5)).toBe('c\ndef');
    expect(tailOf(['äöü'], 3)).toBe('ü');
    expect(tailOf(['abc'], 1024)).toBe('abc');
  });
});

describe('moverEnvironment', () => {
  const names = (secretKeys: string[], over = {}) =>
    moverEnvironment({
      forgetOptions: '--keep-last 1',
      restoreOptions: '',
      secretName: 'repo',
      secretKeys,
      processEnv: {},
      debug: false,
      customCA: false,
      privileged: false,
      ...over,
    });

  it('hands on known keys that exist, and drops the others', () => {
    const env = names([
      'RESTIC_REPOSITORY',
      'RESTIC_PASSWORD',
      'GOMAXPROCS',
      'AWS_ACCESS_KEY_ID',
      'RCLONE_B',
      'RCLONE_A',
    ]);
    expect(env.map(({ name }) => name)).toEqual([
      'FORGET_OPTIONS',
      'DATA_DIR',
      'RESTIC_CACHE_DIR',
      'RESTORE_AS_OF',
      'SELECT_PREVIOUS',
      'RESTORE_OPTIONS',
      'RESTIC_REPOSITORY',
      'RESTIC_PASSWORD',
      'AWS_ACCESS_KEY_ID',
      'RCLONE_A',
      'RCLONE_B',
      'PRIVILEGED_MOVER',
    ]);
    expect(env[6]?.valueFrom?.secretKeyRef).toEqual({
      name: 'repo',
      key: 'RESTIC_REPOSITORY',
      optional: false,
    });
  });

  it('adds proxies, the CA, Google credentials, debugging and privileges if configured', () => {
    const env = names(['GOOGLE_APPLICATION_CREDENTIALS'], {
      processEnv: { HTTP_PROXY: 'p' },
      debug: true,
      customCA: true,
      privileged: true,
    });
    const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      HTTP_PROXY: 'p',
      http_proxy: 'p',
      DEBUG_MOVER: '1',
      CUSTOM_CA: '/customCA/ca.crt',
      GOOGLE_APPLICATION_CREDENTIALS: '/credentials/gcs.json',
      PRIVILEGED_MOVER: '1',
    });
  });
});

describe('checkFields', () => {
  it('prints what VolSync prints', () => {
    expect(() => checkFields({ RESTIC_PASSWORD: '' })).toThrow(
      'secret should have fields: [RESTIC_REPOSITORY RESTIC_PASSWORD]',
    );
    expect(() => checkFields({ RESTIC_PASSWORD: '', X: '' })).toThrow(
      'secret is missing field: RESTIC_REPOSITORY',
    );
  });
});

describe('desiredJob', () => {
  const make = (over: Partial<JobInput> = {}) =>
    desiredJob({
      owner: source(),
      restic: {},
      image: 'mover:1',
      args: ['backup'],
      env: [],
      secretName: 'repo',
      secretKeys: [],
      serviceAccount: 'volsync-src-rs',
      dataClaim: 'data',
      dataReadOnly: false,
      cacheClaim: 'volsync-src-rs-cache',
      privileged: false,
      failureLimit: 8,
      ...over,
    });

  it('is owned, labelled for clean-up and tries eight times', () => {
    expect(make()).toMatchObject({
      metadata: {
        name: 'volsync-src-rs',
        labels: { 'app.kubernetes.io/created-by': 'volsync', 'volsync.backube/cleanup': 'u-1' },
        ownerReferences: [{ kind: 'ReplicationSource', name: 'rs', uid: 'u-1', controller: true }],
      },
      spec: {
        backoffLimit: 8,
        parallelism: 1,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [
              {
                name: 'restic',
                args: ['backup'],
                securityContext: { capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
              },
            ],
            volumes: [
              { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
              { name: 'cache', persistentVolumeClaim: { claimName: 'volsync-src-rs-cache' } },
              { name: 'tempdir', emptyDir: { medium: 'Memory' } },
            ],
          },
        },
      },
    });
  });

  it('pauses by running no pod', () => {
    const owner = source({ spec: { paused: true, restic: {} } });
    expect(make({ owner })).toMatchObject({ spec: { parallelism: 0 } });
  });

  it('mounts a CA, Google credentials and volumes of the user', () => {
    const job = make({
      restic: {
        customCA: { secretName: 'ca', key: 'tls.crt' },
        moverVolumes: [{ mountPath: 'a/b', volumeSource: { secret: { secretName: 'x' } } }],
      },
      secretKeys: ['GOOGLE_APPLICATION_CREDENTIALS'],
    });
    expect(job).toMatchObject({
      spec: {
        template: {
          spec: {
            volumes: [
              {},
              {},
              {},
              {
                name: 'custom-ca',
                secret: { secretName: 'ca', items: [{ key: 'tls.crt', path: 'ca.crt' }] },
              },
              { name: 'gcs-credentials', secret: { secretName: 'repo' } },
              { name: 'u-a-b', secret: { secretName: 'x' } },
            ],
          },
        },
      },
    });
  });

  it('runs as root with three capabilities if the namespace allows it', () => {
    expect(make({ privileged: true })).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                securityContext: { runAsUser: 0, capabilities: { add: ['DAC_OVERRIDE', 'CHOWN', 'FOWNER'] } },
              },
            ],
          },
        },
      },
    });
  });
});

describe('isPruneDue', () => {
  const now = Date.parse('2026-01-08T00:00:00Z');
  it.each([
    [{}, { created: '2026-01-01T00:00:00Z' }, true],
    [{}, { created: '2026-01-01T00:00:01Z' }, false],
    [{}, { created: '2020-01-01T00:00:00Z', lastPruned: '2026-01-07T00:00:00Z' }, false],
    [{ pruneIntervalDays: 1 }, { lastPruned: '2026-01-07T00:00:00Z' }, true],
    [{ pruneIntervalDays: 0 }, { created: '2026-01-08T00:00:00Z' }, true],
    [{ pruneIntervalDays: -3 }, { lastPruned: '2026-01-08T00:00:00Z' }, true],
  ])('%j with %j: %p', (restic, reference, due) => {
    expect(isPruneDue(restic, reference, now)).toBe(due);
  });
});

describe('chooseMover', () => {
  const choose = (spec: ReplicationSource['spec']) => () => chooseMover(source({ spec: { ...spec } }));
  const none = /a replication method must be specified - enabled movers:/;

  it('reports none and several with the same words', () => {
    expect(choose({})).toThrow(none);
    expect(choose({ restic: {}, rclone: {} })).toThrow(none);
  });

  it('leaves external ones alone, unless a mover is named too', () => {
    expect(choose({ external: {} })()).toEqual({ kind: 'external' });
    expect(choose({ external: {}, restic: {} })).toThrow('only one replication method can be supplied');
  });
});

describe('injectionOf', () => {
  it('reads a list with values', () => {
    const injection = (text: string) =>
      injectionOf(source({ metadata: { name: 'x', annotations: { [INJECT]: text } } }));
    expect(injection('no-logs, slow-snapshot-bind=3')).toEqual({
      transientError: false,
      noLogs: true,
      slowSnapshotBindMs: 3000,
      duplicateEvents: false,
    });
    expect(injection('slow-snapshot-bind').slowSnapshotBindMs).toBe(10_000);
    expect(injectionOf(source()).transientError).toBe(false);
  });
});
