import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { lossesOf, provesRestore } from '../../movers/restic-repository/transfer/restore-proof.ts';
import { complaints, readMessages } from '../../movers/restic-repository/transfer/transfer-messages.ts';
import { RESTORER } from '../../movers/restic-repository/transfer/transfer-run.ts';
import { accessControlList, attributesBelow, setAttributes, type Attributes } from './attributes.ts';

import {
  NOBODY,
  at,
  backup,
  describeVolume,
  emptyVolume,
  fill,
  giveAway,
  layRepository,
  readable,
  restore,
  saved,
  useVolume,
} from './restic-volume.ts';

/** The scripts of the Restic mover, with a real restic in a shell like that of its image. */

useVolume();

/** Creates files with attributes: Node.js cannot set them, but GNU tar sets them on what it unpacks. */
function fillWithAttributes(): void {
  fs.writeFileSync(at('scratch', 'labelled'), 'precious');
  const attributes = '--pax-option=SCHILY.xattr.user.origin:=Hamburg,SCHILY.xattr.trusted.seal:=unbroken';
  const archive = execFileSync('tar', ['-C', at('scratch'), '--format=pax', attributes, '-c', 'labelled']);
  execFileSync('tar', ['-C', at('volume'), ...ALL_ATTRIBUTES, '-x'], { input: archive });
}

const ALL_ATTRIBUTES = ['--xattrs', '--xattrs-include=*'];

function attributesOf(name: string): string[] {
  const archive = execFileSync('tar', ['-C', at('volume'), '--format=pax', ...ALL_ATTRIBUTES, '-c', name]);
  const found = archive.toString('latin1').matchAll(/SCHILY\.xattr\.(\S+=\S+)/g);
  return [...found].map(([, attribute = '']) => attribute).sort();
}

const ACCESS_LIST = 'system.posix_acl_access';
/** Without the right to write for the owner. */
const READ_ONLY = accessControlList([5, 4, 4, 4, 0], 1234);

function bear(name: string, attributes: Attributes): void {
  const bearer = fs.statSync(at('volume', name)).isDirectory() ? 'folder' : 'file';
  setAttributes([{ path: Buffer.from(at('volume', name)), bearer, attributes }]);
}

describe('a restore', () => {
  beforeEach(layRepository);

  it('brings everything back as root', () => {
    fill();
    const { snapshotID = '' } = saved(backup());
    const before = describeVolume();
    emptyVolume();
    const { lines, status } = restore(snapshotID);
    expect(status).toBe(0);
    expect(describeVolume()).toEqual(before);
    expect(fs.statSync(at('volume', 'sparse')).blocks).toBe(0);
    expect(lossesOf(readMessages(lines))).toBeUndefined();
  });

  it('reports the owners that it could not restore if it is not root', () => {
    fill();
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect(status).toBe(0);
    const losses = lossesOf(readMessages(lines));
    expect(losses).toMatch(
      /^owners of 8 \(such as "\/.*"\), extended attributes that an ordinary user may not set/,
    );
    expect(fs.readFileSync(at('volume', 'shared', 'theirs'), 'utf8')).toBe('precious');
  });

  it('restores extended attributes; if it is not root, only those that any user may set', () => {
    fillWithAttributes();
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    expect(restore(snapshotID).status).toBe(0);
    expect(attributesOf('labelled')).toEqual(['trusted.seal=unbroken', 'user.origin=Hamburg']);

    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect(status).toBe(0);
    expect(attributesOf('labelled')).toEqual(['user.origin=Hamburg']);
    expect(lossesOf(readMessages(lines))).toContain('extended attributes that an ordinary user may not set');
    expect(fs.readFileSync(at('volume', 'labelled'), 'utf8')).toBe('precious');
  });

  it('sets all attributes of files that their owner may not write, as an ordinary user', () => {
    for (const [name, mode] of [
      ['file', 0o600],
      ['again', 0o444],
    ] as const) {
      fs.writeFileSync(at('volume', name), 'precious', { mode });
      bear(name, { 'user.origin': Buffer.from('Hamburg'), [ACCESS_LIST]: READ_ONLY });
    }
    fs.mkdirSync(at('volume', 'folder'));
    fs.symlinkSync('../file', at('volume', 'folder', 'link'));
    execFileSync('mkfifo', [at('volume', 'folder', 'pipe')]);
    bear('folder/pipe', { [ACCESS_LIST]: READ_ONLY });
    bear('folder', { 'user.origin': Buffer.from('Bremen'), [ACCESS_LIST]: READ_ONLY });
    giveAway('volume');
    const { snapshotID = '' } = saved(backup());
    const before = [describeVolume(), attributesBelow(at('volume'))];
    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    for (const attempt of ['first', 'second']) {
      const { lines, status } = restore(snapshotID, { uid: NOBODY });
      expect([attempt, status]).toEqual([attempt, 0]);
      expect(lossesOf(readMessages(lines))).toMatch(/^extended attributes that an ordinary user may not set/);
      expect([describeVolume(), attributesBelow(at('volume'))]).toEqual(before);
    }
  });

  it('fails as an ordinary user if a file of another user has the size and time, but not the content', () => {
    const [file, time] = [at('volume', 'file'), new Date('2026-01-01T00:00:00Z')];
    fs.writeFileSync(file, 'precious');
    fs.utimesSync(file, time, time);
    execFileSync('mknod', [at('volume', 'device'), 'c', '1', '3']);
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    fs.writeFileSync(file, 'PRECIOUS', { mode: 0o644 });
    fs.utimesSync(file, time, time);
    fs.chmodSync(at('volume'), 0o777);
    giveAway('repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect([status, provesRestore(lines)]).toEqual([1, false]);
    expect(complaints(lines).map(({ quote }) => quote)).toContainEqual(expect.stringContaining('/file'));
  });

  it('reports attributes that root may not set without SYS_ADMIN, and sets all others', () => {
    for (const name of ['security', 'trusted', 'ordinary']) fs.writeFileSync(at('volume', name), 'precious');
    bear('security', { 'security.ours': Buffer.from('sealed') });
    bear('trusted', { 'trusted.ours': Buffer.from('sealed') });
    bear('ordinary', { 'user.ours': Buffer.from('open'), [ACCESS_LIST]: READ_ONLY });
    const ordinary = attributesBelow(at('volume', 'ordinary'));
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    const { lines, status } = restore(snapshotID, { capabilities: RESTORER });
    expect([status, provesRestore(lines)]).toEqual([1, true]);
    expect(lossesOf(readMessages(lines))).toMatch(
      /^extended attributes of 2 \(such as "\/(security|trusted)"\)$/,
    );
    expect(attributesBelow(at('volume'))).toEqual(ordinary);
    expect(fs.readFileSync(at('volume', 'security'), 'utf8')).toBe('precious');
  });

  it('succeeds with reported losses if only a device could not be created', () => {
    fill();
    execFileSync('mknod', [at('volume', 'device'), 'c', '1', '3']);
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    giveAway('volume', 'repository', 'scratch');
    const { lines, status } = restore(snapshotID, { uid: NOBODY });
    expect(status).toBe(1);
    expect(provesRestore(lines)).toBe(true);
    expect(lossesOf(readMessages(lines))).toContain('devices of 1 (such as "/device")');
  });

  it('fails if contents are missing', () => {
    fill();
    const { snapshotID = '' } = saved(backup());
    emptyVolume();
    fs.mkdirSync(at('volume', 'secret'));
    fs.writeFileSync(at('volume', 'secret', 'in the way'), '');
    const { lines, status } = restore(snapshotID);
    expect(status).not.toBe(0);
    expect(provesRestore(lines)).toBe(false);
  });

  it('creates no repository, and restores no other snapshot', () => {
    fs.rmSync(at('repository'), { recursive: true });
    expect(restore('abcdef01').status).toBe(10);
    expect(fs.existsSync(at('repository'))).toBe(false);
    layRepository();
    fill();
    backup();
    const { lines, status } = restore('abcdef01');
    expect(status).toBe(1);
    expect(provesRestore(lines)).toBe(false);
    expect(readable(lines).join('\n')).toContain('no matching ID found');
  });
});
