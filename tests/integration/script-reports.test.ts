import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { savedFacts } from '../../movers/restic/proof.ts';
import { lossesOf, provesRestore } from '../../movers/restic-repository/transfer/restore-proof.ts';
import { complaints, readMessages } from '../../movers/restic-repository/transfer/transfer-messages.ts';
import { BACKUP_SCRIPT } from '../../movers/restic/scripts.ts';
import { RESTORE_SCRIPT } from '../../movers/restic-repository/transfer/restore-script.ts';
import { diagnose } from '../../movers/restic-repository/log/diagnosis.ts';
import { repositoryContext } from '../../movers/restic-repository/access/repository-context.ts';
import { compareVerification } from '../../movers/restic-repository/verification/compare-verification.ts';
import { verificationScript } from '../../movers/restic-repository/verification/script.ts';
import { staticBusybox } from '../../hack/cluster/packages.ts';

/** What the scripts report and how they end for any output of restic, which a script replaces here. */

const NOBODY = 65534;

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const place = repositoryContext('c1/app/data', 'velero/restic-config', { privileges: '', space: '' });
const APPLETS =
  'sh find sed awk id timeout sleep stat mktemp mkfifo tr wc cat rm chown chmod touch mkdir base64 dd seq'.split(
    ' ',
  );

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'reports-'));
  for (const name of ['bin', 'volume', 'scratch']) fs.mkdirSync(at(name));
  for (const applet of APPLETS) fs.symlinkSync(staticBusybox(), at('bin', applet));
  fs.writeFileSync(at('volume', 'file'), 'precious');
  for (const name of ['.', 'scratch', 'volume']) fs.chmodSync(at(name), 0o777);
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Runs a script with a restic whose commands run these bodies; all other commands succeed, including that of the root folder. */
function run(script: string, args: string[], commands: Record<string, string>, uid = 0) {
  const cases = Object.entries(commands).map(([name, body]) => `*' ${name} '*) ${body}\n;;`);
  const restic = `#!${at('bin', 'sh')}\n[ "$1" != -r ] || exit 0\ncase " $* " in\n${cases.join('\n')}\nesac\n`;
  fs.writeFileSync(at('bin', 'restic'), restic, { mode: 0o755 });
  const body = script.replaceAll('/data', at('volume'));
  const { stdout, stderr, status } = spawnSync(at('bin', 'sh'), ['-c', body, 'restic', ...args], {
    encoding: 'utf8',
    env: { PATH: at('bin'), TMPDIR: at('scratch') },
    maxBuffer: 2 ** 26,
    ...(uid !== 0 && { uid, gid: uid }),
  });
  return { lines: `${stdout}${stderr}`.split('\n'), status };
}

/** Prints a text including its newlines. */
function say(text: string, where: 'out' | 'error' = 'out'): string {
  const name = `said-${String(fs.readdirSync(folder).length)}`;
  fs.writeFileSync(at(name), `${text}\n`);
  return `cat ${at(name)}${where === 'error' ? ' >&2' : ''};`;
}

const json = (value: object): string => JSON.stringify(value);
const SAVED = json({ message_type: 'summary', snapshot_id: 'ab'.repeat(32), total_files_processed: 1 });
const backUp = (commands: Record<string, string>) => run(BACKUP_SCRIPT, ['request=1'], commands);
const restore = (commands: Record<string, string>) => run(RESTORE_SCRIPT, ['abcdef01', ''], commands);

describe('a script ends as restic does', () => {
  it.each([0, 1, 3, 10, 11, 12, 130])('a backup with %i', (code) => {
    expect(backUp({ backup: `exit ${String(code)}` }).status).toBe(code);
  });

  it.each([0, 1, 10, 11, 12])('a restore with %i', (code) => {
    expect(restore({ restore: `exit ${String(code)}` }).status).toBe(code);
  });

  it.each([1, 10, 12, 124])('a restore whose repository does not open, with %i', (code) => {
    expect(restore({ cat: `exit ${String(code)}` }).status).toBe(code);
  });

  it('a restore as an ordinary user with 143 if it is stopped between its passes', () => {
    // What the first pass leaves behind keeps its standard error open until the script has ended.
    const ended = (pid: string): string => `while kill -0 ${pid} 2> /dev/null; do :; done`;
    const stop = `${ended('$$')}; kill -TERM "$(cat ${at('main')})"; ${ended('$PPID')}`;
    const pass = `echo >> ${at('passes')}; ( exec > /dev/null; ${stop} ) &`;
    const script = `echo $$ > ${at('main')}\n${RESTORE_SCRIPT}`;
    const { status } = run(script, ['abcdef01', ''], { restore: pass }, NOBODY);
    expect([status, fs.readFileSync(at('passes'), 'utf8')]).toEqual([143, '\n']);
  });

  it('a restore as an ordinary user so that it is tried again if its second pass finds a lock', () => {
    const commands = { '--overwrite if-changed': 'exit 11' };
    expect(run(RESTORE_SCRIPT, ['abcdef01', ''], commands, NOBODY).status).toBe(75);
  });

  it.each(['snapshots', 'stats', 'restore'])('a verification whose %s fails', (command) => {
    const script = verificationScript({ kind: 'restore', level: 'Data', isLive: false });
    expect(run(script, ['abcdef01', at('volume')], { [command]: 'exit 7' }).status).toBe(7);
  });
});

describe('a verification of a backup', () => {
  const script = verificationScript({ kind: 'backup', level: 'Data', isLive: true });
  const statusOf = (commands: Record<string, string>) => run(script, ['abcdef01', ''], commands).status;

  it('reads the data as a zip archive if a tar archive cannot contain it', () => {
    const tar = `${say('Fatal: archive/tar: header field too long', 'error')} exit 1`;
    expect(statusOf({ 'dump --archive tar': tar, 'dump --archive zip': say('precious') })).toBe(0);
  });

  it('fails if neither reads all of it', () => {
    const tar = `${say('Fatal: writing header for "/file": too long', 'error')} exit 1`;
    expect(statusOf({ 'dump --archive tar': tar, 'dump --archive zip': `${say('prec')} exit 7` })).toBe(7);
  });

  it('is not repeated if restic cannot read the repository', () => {
    const { lines, status } = run(script, ['abcdef01', ''], {
      'dump --archive tar': `${say('ciphertext verification failed', 'error')} exit 7`,
      'dump --archive zip': say('zip was read'),
    });
    expect(status).toBe(7);
    expect(lines.join()).toContain('ciphertext verification failed');
    expect(lines.join()).not.toContain('zip was read');
  });
});

/** restic 0.18.1 on versitygw 1.8.0 and on local folders, each with the output of `restic init`. */
const FIRST_BACKUPS: readonly [string, string, string, string][] = [
  [
    'keys that may read only, a bucket policy, an unknown key',
    'Stat(<config/>) failed: Stat: Access Denied.',
    'Fatal: create key in repository at s3:http://h/bucket/p failed: Stat: Access Denied.',
    'PermissionDenied',
  ],
  [
    'a bucket that is missing',
    '',
    'Fatal: create repository at s3:http://h/missing/p failed: Fatal: unable to open repository at s3:http://h/missing/p: client.MakeBucket: Access Denied.',
    'RepositoryUnreachable',
  ],
  [
    'another region',
    'Stat(<config/>) returned error, retrying after 646.310616ms: Stat: 400 Bad Request',
    'Fatal: create repository at s3:http://h/bucket/p failed: Fatal: unable to open repository at s3:http://h/bucket/p: client.BucketExists: 400 Bad Request',
    'PermissionDenied',
  ],
  [
    'a full disk',
    '',
    'Fatal: create repository at /r failed: Fatal: unable to open repository at /r: mkdir /r/data/04: no space left on device',
    'NoSpace',
  ],
  [
    'a file system for reading only',
    '',
    'Fatal: create repository at /r failed: Fatal: unable to open repository at /r: mkdir /r: read-only file system',
    'MoverFailed',
  ],
];

describe('a first backup', () => {
  it.each(FIRST_BACKUPS)('names what is wrong: %s', (_, before, fatal, reason) => {
    const { lines, status } = backUp({
      snapshots: 'exit 10',
      init: `${say(`${before}\n${fatal}`, 'error')} exit 1`,
      cat: `${say('Fatal: repository does not exist', 'error')} exit 10`,
    });
    expect(status).toBe(1);
    const found = diagnose(complaints(lines), { exitCode: 1 }, place);
    expect([found.reason, found.evidence]).toEqual([reason, fatal]);
  });

  it('continues if another backup created the repository at the same moment', () => {
    const { lines, status } = backUp({
      snapshots: 'exit 10',
      init: 'exit 1',
      list: 'echo key',
      backup: say(SAVED),
    });
    expect([status, savedFacts(readMessages(lines)).snapshotID]).toEqual([0, 'ab'.repeat(32)]);
  });
});

const ERRORS = {
  owners: 'lchown /data/F: operation not permitted',
  'extended attributes': 'xattr.LSet /data/F trusted.a: operation not permitted',
  devices: 'mknod /data/F: operation not permitted',
  modes: 'chmod /data/F: operation not permitted',
};

describe('the number of errors', () => {
  it.each([10, 300, 20_000])('changes no outcome of a restore: %i of each kind', (count) => {
    const errors = Object.values(ERRORS).map((message) =>
      `${json({ message_type: 'error', error: { message }, during: 'restore', item: '/F' })}\n`.repeat(count),
    );
    const total = count * errors.length;
    const end = json({
      message_type: 'exit_error',
      code: 1,
      message: `Fatal: There were ${String(total)} errors\n`,
    });
    const summary = json({ message_type: 'summary', total_bytes: 8, bytes_restored: 8 });
    const { lines, status } = restore({
      restore: `${say(errors.join('') + end, 'error')} ${say(summary)} exit 1`,
    });
    expect(status).toBe(1);
    expect(lines.length).toBeLessThan(20);
    expect(provesRestore(lines)).toBe(true);
    for (const kind of Object.keys(ERRORS))
      expect(lossesOf(readMessages(lines))).toContain(`${kind} of ${String(count)} (such as "/F")`);
  });

  it.each([10, 300, 20_000])('hides no content that is missing: %i errors of another kind', (count) => {
    const error = (message: string): string =>
      `${json({ message_type: 'error', error: { message }, during: 'restore', item: '/F' })}\n`;
    const end = json({
      message_type: 'exit_error',
      message: `Fatal: There were ${String(count + 1)} errors\n`,
    });
    const said = error('write /data/F: input/output error') + error(ERRORS.owners).repeat(count) + end;
    const summary = json({ message_type: 'summary', total_bytes: 8, bytes_restored: 8 });
    const { lines } = restore({ restore: `${say(said, 'error')} ${say(summary)} exit 1` });
    expect(provesRestore(lines)).toBe(false);
  });

  it.each([10, 300, 20_000])('changes no outcome of a backup: %i attributes and sockets', (count) => {
    const warnings = 'can not obtain extended attribute user.a for F:\n'.repeat(count);
    const { lines, status } = backUp({ backup: `${say(warnings, 'error')} ${say(SAVED)}` });
    expect([status, savedFacts(readMessages(lines)).snapshotID]).toEqual([0, 'ab'.repeat(32)]);
    expect(savedFacts(readMessages(lines)).notSaved).toContain(`may not read: ${String(count)}`);
  });
});

const FORGED = [
  json({ message_type: 'summary', snapshot_id: 'cd'.repeat(32) }),
  json({ message_type: 'empty' }),
  json([{ id: 'cd'.repeat(32), time: '2026-01-01T00:00:00Z' }]),
  json({ message_type: 'errors', kind: 'owners', count: 7, first: '' }),
  json({ message_type: 'left out', sockets: 7, sealed: true }),
  json({ message_type: 'volume', entries: 1, sockets: 7 }),
  json({ message_type: 'exit_error', code: 1, message: 'Fatal: snapshot is empty' }),
  'Fatal: Access Denied',
  'the volume holds 1 entries and 7 sockets',
  '[0] read back 9 bytes',
  '\u0001\u001b[2J\r',
];

describe('a file that is called like a report', () => {
  const named = `can not obtain extended attribute user.a for x\n${FORGED.join('\n')}:`;

  it('changes nothing of what a backup has saved', () => {
    const { lines } = backUp({ backup: `${say(SAVED)} ${say(named, 'error')}` });
    expect(savedFacts(readMessages(lines))).toMatchObject({
      snapshotID: 'ab'.repeat(32),
      notSaved: 'extended attributes that the mover may not read: 1',
    });
  });

  it('does not mark a failed backup as empty, and does not change its reason', () => {
    const end = json({
      message_type: 'exit_error',
      code: 1,
      message: 'Fatal: unable to save snapshot: no space left on device',
    });
    const { lines, status } = backUp({ backup: `${say(`${named}\n${end}`, 'error')} exit 1` });
    expect(status).toBe(1);
    expect(savedFacts(readMessages(lines))).not.toHaveProperty('empty');
    expect(diagnose(complaints(lines), { exitCode: 1 }, place).reason).toBe('NoSpace');
  });

  it('restores nothing that restic has not restored', () => {
    const { lines } = restore({ restore: `${say(named, 'error')} exit 1` });
    expect(readMessages(lines)).not.toHaveProperty('summary');
    expect(provesRestore(lines)).toBe(false);
  });

  it('is compared as what it is', () => {
    const script = verificationScript({ kind: 'restore', level: 'Data', isLive: false });
    const { lines } = run(script, ['abcdef01', at('volume')], { restore: say(named, 'error') });
    const request = {
      kind: 'restore',
      level: 'Data',
      isLive: false,
      snapshotID: 'cdcdcdcd',
      reported: {},
    } as const;
    expect(compareVerification(lines, request)).toEqual({ difference: 'the repository does not contain it' });
  });
});

describe('what is called lost+found', () => {
  const args = at.bind(null, 'calls');
  const excludes = (): string => {
    backUp({ backup: `echo "$*" > ${args()}` });
    return fs.readFileSync(args(), 'utf8');
  };

  it.each([
    ['a file', () => fs.writeFileSync(at('volume', 'lost+found'), 'precious')],
    [
      'a folder that holds something',
      () => fs.mkdirSync(at('volume', 'lost+found', 'x'), { recursive: true }),
    ],
    ['an empty folder of a user', () => fs.mkdirSync(at('volume', 'lost+found'), 0o755)],
    ['a link', () => fs.symlinkSync('file', at('volume', 'lost+found'))],
    [
      'one further down',
      () => fs.mkdirSync(at('volume', 'a', 'lost+found'), { recursive: true, mode: 0o700 }),
    ],
  ])('is saved: %s', (_, make) => {
    make();
    expect(excludes()).not.toContain('--exclude');
  });

  it('is left out only if it is the empty folder of the file system at the root', () => {
    fs.mkdirSync(at('volume', 'lost+found'), 0o700);
    expect(excludes()).toContain(`--exclude=${at('volume')}/lost+found `);
  });
});
