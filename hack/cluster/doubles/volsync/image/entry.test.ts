import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const ENTRY = fileURLToPath(new URL('./entry.sh', import.meta.url));

/**
 * A stub of restic: answers `cat config` with CAT_RC and CAT_ERR, prints SNAPSHOTS for `snapshots`, exits from any other command
 * with the variable of its name, and records its calls.
 */
const STUB = `#!/bin/sh
echo "$*" >>"$CALLS"
[ "$1" = --cacert ] && shift 2
case $1 in
  cat) echo "$CAT_ERR" >&2; exit "\${CAT_RC:-0}" ;;
  snapshots) printf '%s\\n' "$SNAPSHOTS"; exit "\${SNAPSHOTS_RC:-0}" ;;
  backup) exit "\${BACKUP_RC:-0}" ;;
  forget) exit "\${FORGET_RC:-0}" ;;
  unlock) echo "$UNLOCK_ERR" >&2; exit "\${UNLOCK_RC:-0}" ;;
esac
`;

const NO_REPOSITORY = 'Is there a repository at the following location?';

describe('entry.sh', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'entry-'));
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'bin', 'restic'), STUB, { mode: 0o755 });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function run(operations: string[], env: Record<string, string> = {}) {
    const calls = join(folder, 'calls');
    const { status, stdout } = spawnSync('bash', [ENTRY, ...operations], {
      encoding: 'utf8',
      env: {
        PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        CALLS: calls,
        RESTIC_REPOSITORY: 'r',
        RESTIC_PASSWORD: 'p',
        RESTIC_CACHE_DIR: join(folder, 'cache'),
        DATA_DIR: join(folder, 'data'),
        FORGET_OPTIONS: ' --keep-daily 2 --keep-last 5',
        CAT_ERR: '',
        UNLOCK_ERR: '',
        SNAPSHOTS: '',
        ...env,
      },
    });
    const text = await readFile(calls, 'utf8').catch(() => '');
    return { status, stdout, calls: text.split('\n').filter((line) => line !== '' && line !== 'version') };
  }
  const fill = () => writeFile(join(folder, 'data', 'file'), 'x');

  it('fails if a required environment variable is empty', async () => {
    const { status, stdout } = await run(['backup'], { RESTIC_PASSWORD: '' });
    expect([status, stdout]).toEqual([1, expect.stringContaining('ERROR: RESTIC_PASSWORD must be defined')]);
  });

  it('refuses an unknown operation', async () => {
    expect(await run(['dance'])).toMatchObject({ status: 2 });
  });

  it('succeeds for an empty volume and skips the operations after the backup', async () => {
    await mkdir(join(folder, 'data', 'lost+found'));
    const { status, stdout, calls } = await run(['unlock', 'backup', 'prune']);
    expect(status).toBe(0);
    expect(stdout).toContain('== Directory is empty skipping backup ===');
    expect(stdout).not.toContain('=== Done ===');
    expect(calls).toEqual(['unlock']);
  });

  it('backs up, forgets and prunes', async () => {
    await fill();
    const { status, stdout, calls } = await run(['backup', 'prune']);
    expect(status).toBe(0);
    expect(stdout).toContain('=== Done ===');
    expect(calls).toEqual([
      'cat config',
      'backup --host volsync --exclude=lost+found .',
      'forget --host volsync --keep-daily 2 --keep-last 5',
      'prune',
    ]);
  });

  it('hands restic the CA', async () => {
    await fill();
    const { calls } = await run(['backup'], { CUSTOM_CA: '/ca' });
    expect(calls.every((call) => call.startsWith('--cacert /ca '))).toBe(true);
  });

  it('does not forget after an incomplete backup, and ends as restic did', async () => {
    await fill();
    const { status, calls } = await run(['backup'], { BACKUP_RC: '3' });
    expect(status).toBe(3);
    expect(calls.some((call) => call.startsWith('forget'))).toBe(false);
    expect(await run(['backup'], { FORGET_RC: '11' })).toMatchObject({ status: 11 });
  });

  it.each([
    ['an absent repository', { CAT_RC: '10' }, 0, '=== Initialize Dir ==='],
    ['one that an old backend reports', { CAT_RC: '1', CAT_ERR: NO_REPOSITORY }, 0, '=== Initialize Dir ==='],
    ['an unreachable backend', { CAT_RC: '1' }, 3, 'ERROR: failure checking existence of repository'],
    [
      'a backend that takes too long',
      { CAT_RC: '124' },
      3,
      'ERROR: failure checking existence of repository',
    ],
    ['a locked repository', { CAT_RC: '11' }, 3, 'ERROR: failure locking repository'],
    ['a wrong password', { CAT_RC: '12' }, 3, 'incorrect password'],
    ['anything else', { CAT_RC: '7' }, 3, 'ERROR: failure checking existence of repository'],
  ])('meets %s', async (_, env, status, line) => {
    const result = await run(['restore'], env);
    expect(result.status).toBe(status);
    expect(result.stdout).toContain(line);
  });

  it('prints the output of restic before its own error message', async () => {
    const locked = { CAT_RC: '11', CAT_ERR: 'repository is already locked by PID 1' };
    const { stdout } = await run(['restore'], locked);
    expect(stdout).toContain('repository is already locked by PID 1\nERROR: failure locking repository');
    const unreachable = await run(['unlock'], { UNLOCK_RC: '1', UNLOCK_ERR: 'connection refused' });
    expect(unreachable.stdout).toContain('connection refused\nERROR: failure unlocking repository');
  });

  it('forgives an unlock without a repository, nothing else', async () => {
    expect(await run(['unlock'], { UNLOCK_RC: '1', UNLOCK_ERR: NO_REPOSITORY })).toMatchObject({ status: 0 });
    expect(await run(['unlock'], { UNLOCK_RC: '1' })).toMatchObject({ status: 3 });
  });

  describe('choosing a snapshot', () => {
    const SNAPSHOTS = [
      'ID        Time                 Host        Tags        Paths      Size',
      '---------------------------------------------------------------------',
      'aaaaaaaa  2026-01-01 10:00:00  volsync                 /data      1 B',
      'bbbbbbbb  2026-01-01 11:00:00  elsewhere               /home/database  1 B',
      'cccccccc  2026-01-01 12:00:00  volsync                 /other     1 B',
      'dddddddd  2026-01-01 13:00:00  volsync                 /data      1 B',
      'eeeeeeee  2026-01-01 13:00:00  volsync                 /data      1 B',
      '---------------------------------------------------------------------',
      '5 snapshots',
    ].join('\n');

    it.each([
      ['the newest', {}, 'eeeeeeee'],
      ['two of one second are the later one', { SELECT_PREVIOUS: '1' }, 'eeeeeeee'],
      ['any host, and any path with /data in it', { SELECT_PREVIOUS: '2' }, 'bbbbbbbb'],
      ['a negative number counts from the oldest', { SELECT_PREVIOUS: '-1' }, 'aaaaaaaa'],
      ['as of, inclusive', { RESTORE_AS_OF: '2026-01-01T11:00:00Z' }, 'bbbbbbbb'],
      ['as of, in another zone', { RESTORE_AS_OF: '2026-01-01T13:59:59+03:00' }, 'aaaaaaaa'],
      [
        'as of, with a fraction',
        { RESTORE_AS_OF: '2026-01-01T13:00:00.5Z', SELECT_PREVIOUS: '2' },
        'bbbbbbbb',
      ],
    ])('%s', async (_, env, id) => {
      const { status, calls } = await run(['restore'], { SNAPSHOTS, ...env });
      expect(status).toBe(0);
      expect(calls.at(-1)).toBe(`restore ${id} -t . --host volsync --include-xattr user.*`);
    });

    it.each([
      ['past the end', { SNAPSHOTS, SELECT_PREVIOUS: '4' }],
      ['before the first', { SNAPSHOTS, RESTORE_AS_OF: '2025-01-01T00:00:00Z' }],
      ['in an empty repository', {}],
    ])('%s restores nothing and calls it a success', async (_, env) => {
      const { status, stdout, calls } = await run(['restore'], env);
      expect(status).toBe(0);
      expect(stdout).toContain('No eligible snapshots found\n=== No data will be restored ===');
      expect(calls.some((call) => call.startsWith('restore'))).toBe(false);
    });

    it('fails without an ERROR line if restic cannot list the snapshots', async () => {
      const { status, stdout } = await run(['restore'], { SNAPSHOTS_RC: '1' });
      expect(status).toBe(3);
      expect(stdout).not.toContain('ERROR');
    });

    it('passes --delete to restic if the restore options contain it', async () => {
      const { calls } = await run(['restore'], { SNAPSHOTS, RESTORE_OPTIONS: '--delete' });
      expect(calls.at(-1)).toMatch(/ --delete$/);
    });
  });
});
