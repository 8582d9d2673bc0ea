import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from './install.ts';

let work: string;
let executable: string;
let target: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'install-'));
  const image = join(work, 'plugins');
  target = join(work, 'target');
  mkdirSync(image);
  mkdirSync(target);
  executable = join(image, 'velero-plugin');
  writeFileSync(executable, 'program');
  // As an image builder may leave them: modes and links that Velero would execute.
  writeFileSync(join(image, 'libcpp.so.6.0.28'), 'library');
  chmodSync(join(image, 'libcpp.so.6.0.28'), 0o777);
  symlinkSync('libcpp.so.6.0.28', join(image, 'libcpp.so.6'));
  writeFileSync(join(image, 'copyright'), 'text');
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

const modes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(target, { withFileTypes: true }).map((entry) => [
      entry.name,
      `${entry.isFile() ? 'file' : 'other'} ${(statSync(join(target, entry.name)).mode & 0o777).toString(8)}`,
    ]),
  );

describe('install', () => {
  it('copies the executable and its libraries as plain files, one of them with an x-bit', () => {
    const before = process.umask(0o077);
    const copies = install(executable, target);
    process.umask(before);
    expect(modes()).toEqual({
      'velero-plugin': 'file 755',
      'libcpp.so.6': 'file 644',
      'libcpp.so.6.0.28': 'file 644',
    });
    expect(copies.at(-1)).toBe(join(target, 'velero-plugin'));
  });

  it('replaces what an earlier version, or one that was killed, has left', () => {
    writeFileSync(join(target, 'velero-plugin'), 'an older and longer program');
    writeFileSync(join(target, '.velero-plugin.part'), 'half a program that was being copied');
    install(executable, target);
    expect(readFileSync(join(target, 'velero-plugin'), 'utf8')).toBe('program');
    expect(Object.keys(modes())).not.toContain('.velero-plugin.part');
  });

  it('leaves the files of other plugins alone', () => {
    writeFileSync(join(target, 'velero-plugin-for-aws'), 'other', { mode: 0o755 });
    install(executable, target);
    expect(modes()).toMatchObject({ 'velero-plugin-for-aws': 'file 755' });
  });

  it('rejects a path that is not a folder, and names it', () => {
    const missing = join(work, 'missing');
    expect(() => install(executable, missing)).toThrow(`${missing} is not a folder`);
    expect(() => install(executable, executable)).toThrow(`${executable} is not a folder`);
    expect(() => install(executable, undefined)).toThrow('name the folder');
  });

  it('names the file that it cannot write, and the reason', () => {
    mkdirSync(join(target, 'libcpp.so.6', 'in the way'), { recursive: true });
    expect(() => install(executable, target)).toThrow(/cannot write .*\/target\/libcpp\.so\.6: E/);
  });
});
