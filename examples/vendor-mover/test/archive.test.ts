import assert from 'node:assert/strict';
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';

/** The script of the image, with a local folder as the store. Needs bash, tar, zstd and rclone. */

const SCRIPT = join(import.meta.dirname, '../image/archive.sh');
const folder = mkdtempSync(join(tmpdir(), 'archive-'));
const at = (...path: string[]): string => join(folder, ...path);
const stored = (): string[] => readdirSync(at('store')).sort();

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['store', 'data', 'restored']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('data/a file'), 'precious');
  execFileSync('ln', ['-s', 'a file', at('data/link')]);
  mkdirSync(at('data/empty'), { mode: 0o700 });
});

after(() => rmSync(folder, { recursive: true, force: true }));

function run(task: string, id: string, data = 'data'): SpawnSyncReturns<string> & { report?: unknown } {
  rmSync(at('scratch'), { recursive: true, force: true });
  mkdirSync(at('scratch'));
  const env = {
    PATH: process.env['PATH'],
    HOME: at('scratch'),
    DATA: at(data),
    SCRATCH: at('scratch'),
    TERMINATION_LOG: at('scratch/report'),
    STORE_PATH: at('store'),
    COMPRESSION_LEVEL: '3',
    RCLONE_CONFIG_STORE_TYPE: 'local',
  };
  const result = spawnSync('bash', [SCRIPT, task, id], { env, encoding: 'utf8', timeout: 60_000 });
  if (result.status !== 0) return result;
  return { ...result, report: JSON.parse(readFileSync(at('scratch/report'), 'utf8')) };
}

function succeed(task: string, id: string, data?: string): Record<string, unknown> {
  const { status, stderr, report } = run(task, id, data);
  assert.equal(status, 0, stderr);
  return report as Record<string, unknown>;
}

describe('archive.sh', () => {
  for (const id of ['', '../two', '-one', 'one/two', 'one*', 'one two', '$(touch two)', 'one\ntwo']) {
    it(`touches nothing for the id ${JSON.stringify(id)}`, () => {
      writeFileSync(at('two.json'), '{}');
      for (const task of ['backup', 'restore', 'forget']) {
        const { status, stderr } = run(task, id);
        assert.equal(status, 1);
        assert.match(stderr, /the id of a backup is made of letters, digits and hyphens/);
      }
      assert.deepEqual(stored(), []);
      assert.equal(readFileSync(at('two.json'), 'utf8'), '{}');
    });
  }

  it('restores what it backed up', () => {
    const { files, bytes } = succeed('backup', 'one');
    assert.deepEqual({ files, bytes }, { files: 1, bytes: 8 });
    assert.deepEqual(stored(), ['one.json', 'one.tar.zst']);
    succeed('restore', 'one', 'restored');
    execFileSync('diff', ['--recursive', '--no-dereference', at('data'), at('restored')]);
    assert.equal(
      execFileSync('stat', ['-c', '%a', at('restored/empty')], { encoding: 'utf8' }).trim(),
      '700',
    );
  });

  it('does nothing twice', () => {
    const first = succeed('backup', 'one');
    writeFileSync(at('data/later'), 'not in it');
    assert.deepEqual(succeed('backup', 'one'), first);
  });

  it('ignores an archive without a manifest', () => {
    writeFileSync(at('store/one.tar.zst'), 'the pod was killed here');
    assert.match(run('restore', 'one', 'restored').stderr, /there is no backup one/);
    succeed('backup', 'one');
    succeed('restore', 'one', 'restored');
    assert.equal(readFileSync(at('restored/a file'), 'utf8'), 'precious');
  });

  it('does not call a damaged archive restored', () => {
    succeed('backup', 'one');
    // A valid frame without content: only the checksum shows the difference.
    appendFileSync(at('store/one.tar.zst'), execFileSync('zstd', ['--quiet'], { input: '' }));
    const { status, stderr } = run('restore', 'one', 'restored');
    assert.notEqual(status, 0);
    assert.match(stderr, /backup one is damaged/);
  });

  it('removes only the named backup, and reports if it was already removed', () => {
    succeed('backup', 'one');
    succeed('backup', 'two');
    assert.deepEqual(succeed('forget', 'one'), { alreadyGone: false });
    assert.deepEqual(stored(), ['two.json', 'two.tar.zst']);
    assert.deepEqual(succeed('forget', 'one'), { alreadyGone: true });
  });

  it('backs up an empty volume', () => {
    rmSync(at('data'), { recursive: true });
    mkdirSync(at('data'));
    const { files, bytes } = succeed('backup', 'one');
    assert.deepEqual({ files, bytes }, { files: 0, bytes: 0 });
    succeed('restore', 'one', 'restored');
    assert.deepEqual(readdirSync(at('restored')), []);
  });

  it('fails when files cannot be written to the store', () => {
    rmSync(at('store'), { recursive: true });
    writeFileSync(at('store'), 'no folder');
    assert.notEqual(run('backup', 'one').status, 0);
  });
});
