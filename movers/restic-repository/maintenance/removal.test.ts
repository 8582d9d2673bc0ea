import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { repositorySettings } from '../config.ts';
import { removalTask } from './removal.ts';

const ID = 'a'.repeat(64);
const { script = '', read } = removalTask(z.object(repositorySettings).parse({}));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'removal-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/**
 * Runs the script with an rclone that lists `files` and exits with `exitCode`. Returns the output and the deletions that rclone
 * was called for.
 */
async function run(files: readonly string[], exitCode = 0): Promise<{ output: string[]; deleted: string[] }> {
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const rclone = `#!/bin/sh\necho "$*" >> '${calls}'\n[ "$1" != lsf ] || printf '${files.join('\\n')}'\nexit ${String(exitCode)}\n`;
  writeFileSync(join(folder, 'rclone'), rclone, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, REPOSITORY_FOLDER: 'bucket/c1/app/data' };
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'rclone'], { env });
  const deleted = readFileSync(calls, 'utf8')
    .split('\n')
    .filter((call) => call.startsWith('delete'));
  return { output: stdout.trim().split('\n'), deleted };
}

const BOTH = [
  'delete --include /config -- repository:bucket/c1/app/data',
  'delete --include /keys/{{[0-9a-f]{64}}} -- repository:bucket/c1/app/data',
];

describe('the removal of a repository', () => {
  it.each([
    ['an empty one', ['config', `keys/${ID}`]],
    ['one with two keys', ['config', `keys/${ID}`, `keys/${'b'.repeat(64)}`]],
    ['what a removal has left that did not come to its end', [`keys/${ID}`]],
    ['nothing', []],
  ])('deletes the configuration first, then the keys, of %s', async (_, files) => {
    const { output, deleted } = await run(files);
    expect(deleted).toEqual(BOTH);
    expect(read(output)).toEqual({});
  });

  it.each([`locks/${ID}`, `snapshots/${ID}`, `index/${ID}`, `data/aa/${ID}`])(
    'deletes nothing beside %s',
    async (file) => {
      const { output, deleted } = await run(['config', `keys/${ID}`, file]);
      expect(deleted).toEqual([]);
      expect(read(output).kept).toBe(`it is no longer empty: it contains ${file}`);
    },
  );

  it('deletes nothing if the listing fails', async () => {
    await expect(run(['config'], 1)).rejects.toMatchObject({ code: 1, stdout: '' });
    expect(readFileSync(join(folder, 'calls'), 'utf8')).not.toContain('delete');
  });

  it('succeeds if the folder does not exist', async () => {
    expect(read((await run([], 3)).output)).toEqual({});
  });

  it('is not reported as done if its output is missing', () => {
    expect(read([])).toHaveProperty('kept');
  });
});
