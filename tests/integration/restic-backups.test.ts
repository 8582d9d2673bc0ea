import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { snapshotsIn } from '../../movers/restic/proof.ts';
import { complaints, readMessages } from '../../movers/restic-repository/transfer/transfer-messages.ts';
import { BACKUP_SCRIPT } from '../../movers/restic/scripts.ts';
import { diagnose } from '../../movers/restic-repository/log/diagnosis.ts';
import { repositoryContext } from '../../movers/restic-repository/access/repository-context.ts';
import { staticBusybox } from '../../hack/cluster/packages.ts';
import { accessControlList } from './attributes.ts';

import {
  NOBODY,
  at,
  backup,
  count,
  environment,
  fill,
  giveAway,
  layRepository,
  on,
  readable,
  saved,
  useVolume,
} from './restic-volume.ts';

/** The scripts of the Restic mover, with a real restic in a shell like that of its image. */

useVolume();

const place = repositoryContext('cluster/shop/database', 'velero/restic-config', {
  privileges: '',
  space: '',
});

/** Makes another process create the repository at the moment when ours has saved; its config replaces ours or not. */
function meetAnother(whose: 'its config' | 'our config'): void {
  execFileSync(at('bin', 'restic'), ['init'], {
    env: { ...environment(), RESTIC_REPOSITORY: at('another') },
    stdio: 'ignore',
  });
  fs.renameSync(at('bin', 'restic'), at('bin', 'own-restic'));
  fs.symlinkSync(staticBusybox(), at('bin', 'cp'));
  const meets = [`cp ${at('another', 'keys')}/* ${at('repository', 'keys')}`];
  if (whose === 'its config') meets.push(`cp -f ${at('another', 'config')} ${at('repository', 'config')}`);
  const script = `#!${at('bin', 'sh')}
own-restic "$@" || exit $?
case " $* " in *' backup '*) ${meets.join('; ')};; esac
`;
  fs.writeFileSync(at('bin', 'restic'), script, { mode: 0o755 });
}

describe('a backup', () => {
  it('creates the repository, and saves all files under its tag', () => {
    fill();
    const result = backup('request=1', {}, '--tag', 'pvc=data', '--compression=max', '--pack-size=32');
    expect(result.status).toBe(0);
    const { mode, uid, gid, mtimeMs } = fs.statSync(at('volume'));
    const config = execFileSync(at('bin', 'restic'), ['cat', 'config'], {
      env: environment(),
      encoding: 'utf8',
    });
    expect(saved(result)).toEqual({
      repositoryID: (JSON.parse(config) as { id: string }).id,
      rootFolder: {
        mode: (mode & 0o7777).toString(8),
        uid,
        gid,
        time: new Date(Math.floor(mtimeMs / 1000) * 1000).toISOString(),
      },
      snapshotID: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      snapshotTime: expect.stringMatching(/Z$/) as unknown,
      bytes: 40_000_011,
      files: 5,
      uploadedBytes: expect.any(Number) as unknown,
    });
    expect(count('snapshots')).toBe(1);
  });

  it('returns the existing snapshot if it runs again for the same request', () => {
    layRepository();
    fill();
    const first = saved(backup());
    expect(saved(backup())).toEqual(first);
    expect(count('snapshots')).toBe(1);
    expect(saved(backup('request=2')).snapshotID).not.toBe(first.snapshotID);
    expect(count('snapshots')).toBe(2);
  });

  it('saves a second snapshot if an earlier pod saved less, and reports both', () => {
    layRepository();
    fill();
    const { snapshotID: first } = saved(backup());
    fs.writeFileSync(at('volume', 'later'), 'z');
    const again = backup();
    expect(again.status).toBe(0);
    const { snapshotID: second, files } = saved(again);
    expect(files).toBe(6);
    expect(snapshotsIn(readMessages(again.lines))).toEqual([first, second]);
    expect(saved(backup()).snapshotID).toBe(second);
  });

  it('fails each time for what it cannot read, although an earlier pod has saved the rest', () => {
    fill();
    layRepository();
    giveAway('scratch', 'repository');
    expect(backup('request=1', { uid: NOBODY }).status).toBe(3);
    expect(count('snapshots')).toBe(1);
    const again = backup('request=1', { uid: NOBODY });
    expect(again.status).toBe(3);
    expect(count('snapshots')).toBe(1);
    expect(snapshotsIn(readMessages(again.lines))).toHaveLength(1);
  });

  it.each([
    ['makes the repository', () => undefined],
    [
      'finds one',
      () => {
        layRepository();
        backup('request=0');
      },
    ],
  ])('leaves no lock on SIGTERM, and completes on the next run, if it %s', async (_, prepare) => {
    fs.writeFileSync(at('volume', 'small'), 'x');
    prepare();
    const before = fs.existsSync(at('repository')) ? count('snapshots') : 0;
    fs.writeFileSync(at('volume', 'large'), Buffer.alloc(64_000_000, 1));
    execFileSync('dd', ['if=/dev/urandom', `of=${at('volume', 'random')}`, 'bs=1M', 'count=48'], {
      stdio: 'ignore',
    });
    const child = spawn(at('bin', 'sh'), [...on(BACKUP_SCRIPT), 'request=1', '--limit-upload=1024'], {
      env: environment(),
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const hasLock = (): boolean => fs.existsSync(at('repository', 'locks')) && count('locks') > 0;
    while (!hasLock()) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    await ended;
    expect(count('locks')).toBe(0);
    expect(count('snapshots')).toBe(before);
    expect(backup().status).toBe(0);
    expect(count('snapshots')).toBe(before + 1);
  });

  it.each([
    ['holds nothing', () => undefined],
    ['holds what the file system keeps for itself', () => fs.mkdirSync(at('volume', 'lost+found'), 0o700)],
  ])('reports an empty volume, and creates no repository, if the volume %s', (_, prepare) => {
    prepare();
    const result = backup();
    expect(result.status).toBe(0);
    expect(saved(result)).toMatchObject({ empty: true, bytes: 0, files: 0 });
    expect(fs.existsSync(at('repository'))).toBe(false);
  });

  it('counts attributes of the root folder, which are in no snapshot', () => {
    layRepository();
    fill();
    expect(saved(backup())).not.toHaveProperty('notSaved');
    execFileSync('setfattr', ['-n', 'user.a", "value":', '-v', 'x', at('volume')]);
    execFileSync('setfattr', ['-n', 'trusted.b', '-v', 'x', at('volume')]);
    const list = Buffer.from(accessControlList([7, 5, 5, 5, 0], 1234)).toString('hex');
    execFileSync('setfattr', ['-n', 'system.posix_acl_default', '-v', `0x${list}`, at('volume')]);
    expect(saved(backup('request=2')).notSaved).toBe(
      'access control lists of the root folder: 1, extended attributes of the root folder: 2',
    );
  });

  it('reports that restic could not read the attributes of the root folder', () => {
    layRepository();
    fill();
    fs.renameSync(at('bin', 'restic'), at('bin', 'own-restic'));
    const script = `#!${at('bin', 'sh')}\n[ "$1" != -r ] || exit 1\nexec own-restic "$@"\n`;
    fs.writeFileSync(at('bin', 'restic'), script, { mode: 0o755 });
    const result = backup();
    expect(result.status).toBe(0);
    expect(saved(result).notSaved).toBe(
      'attributes of the root folder, if it has any: restic could not read them',
    );
  });

  it('treats a volume as empty if it contains nothing that restic saves', async () => {
    const server = createServer();
    const before = process.cwd();
    process.chdir(at('volume'));
    await new Promise<void>((resolve) => server.listen('socket', resolve));
    process.chdir(before);
    const { lines } = backup();
    server.close();
    expect(saved({ lines })).toMatchObject({ empty: true, bytes: 0, files: 0, notSaved: 'sockets: 1' });
  });

  it('names the file that could not be read', () => {
    fill();
    layRepository();
    giveAway('scratch', 'repository');
    const { lines, status } = backup('request=1', { uid: NOBODY });
    expect(status).toBe(3);
    expect(readable(lines).join('\n')).toMatch(
      /volume\/(secret|again): .*: permission denied \(and 2 more\)/,
    );
  });

  it('never treats a volume that it cannot read as empty', () => {
    fill();
    fs.chmodSync(at('volume'), 0o711);
    const { lines, status } = backup('request=1', { uid: NOBODY });
    expect(status).not.toBe(0);
    expect(lines.join('\n')).toContain('Permission denied');
  });

  it.each(['its config', 'our config'] as const)(
    'fails if another backup creates the repository at the same time and the store keeps %s',
    (whose) => {
      fill();
      meetAnother(whose);
      const { lines, status } = backup();
      expect(status).toBe(1);
      // By how far the other one is: with a key but no config, with its config, or with one that our key does not fit.
      expect(lines.join('\n')).toMatch(/already contains keys|more than one key|is damaged/);
    },
  );

  it('reports RepositoryDamaged if the creation of the repository was interrupted', () => {
    fill();
    backup();
    fs.rmSync(at('repository', 'config'));
    const { lines, status } = backup();
    expect(status).toBe(1);
    expect(diagnose(complaints(lines), { exitCode: status ?? 0 }, place).reason).toBe('RepositoryDamaged');
  });

  it('reports RepositoryDamaged if the key does not match the config', () => {
    fill();
    backup();
    fs.renameSync(at('repository'), at('other'));
    backup();
    fs.chmodSync(at('repository', 'config'), 0o600);
    fs.copyFileSync(at('other', 'config'), at('repository', 'config'));
    const { lines, status } = backup();
    expect(status).not.toBe(0);
    expect(diagnose(complaints(lines), { exitCode: status ?? 0 }, place).reason).toBe('RepositoryDamaged');
  });

  it('exits with the exit code of restic if the password is wrong', () => {
    layRepository();
    fill();
    backup();
    expect(backup('request=2', { password: 'q' }).status).toBe(12);
  });
});
