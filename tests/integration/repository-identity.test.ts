import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ANOTHER_REPOSITORY_EXIT,
  IDENTIFIED_SCRIPT,
} from '../../movers/restic-repository/job/identified-script.ts';
import { ANOTHER_REPOSITORY } from '../../movers/restic-repository/repository-id.ts';
import { QUICK_PASSWORD, quickRepository } from './quick-repository.ts';
import { resticBin } from './restic-bin.ts';

/** Deletes with the real restic: only the repository that a record identifies is changed. */

let bin: string;
let folder: string;
let env: NodeJS.ProcessEnv;

const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  bin = await resticBin();
}, 600_000);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  for (const name of ['volume', 'scratch']) mkdirSync(at(name));
  writeFileSync(at('volume', 'file'), 'precious');
  env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    RESTIC_REPOSITORY: at('repository'),
    RESTIC_PASSWORD: QUICK_PASSWORD,
    RESTIC_CACHE_DIR: at('scratch', 'cache'),
    HOME: at('scratch'),
  };
  quickRepository(at('repository'));
  restic('backup', '--host', 'volsync', '.');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function restic(...args: string[]): string {
  return execFileSync('restic', args, { env, cwd: at('volume'), encoding: 'utf8' });
}

const idOfRepository = (): string => (JSON.parse(restic('cat', 'config')) as { id: string }).id;
const snapshots = (): string[] => readdirSync(at('repository', 'snapshots'));

function forget(expected: string): ReturnType<typeof spawnSync> {
  const [id = ''] = snapshots();
  const args = [expected, 'forget', '--', id.slice(0, 32)];
  return spawnSync('sh', ['-c', IDENTIFIED_SCRIPT, 'restic', ...args], { env, encoding: 'utf8' });
}

describe('the removal of a snapshot', () => {
  it('happens in the repository that the record identifies', () => {
    expect(forget(idOfRepository()).status).toBe(0);
    expect(snapshots()).toEqual([]);
  });

  it('happens in any repository if the record identifies none', () => {
    expect(forget('').status).toBe(0);
    expect(snapshots()).toEqual([]);
  });

  it('changes nothing in another repository, and reports the id that it found', () => {
    const { status, stdout, stderr } = forget('c0'.repeat(32));
    expect(status).toBe(ANOTHER_REPOSITORY_EXIT);
    expect(`${String(stdout)}${String(stderr)}`).toContain(
      `Fatal: ${ANOTHER_REPOSITORY}: ${idOfRepository()} instead of c0c0`,
    );
    expect(snapshots()).toHaveLength(1);
  });

  it('changes nothing in a repository that was created again at the same path', () => {
    const former = idOfRepository();
    rmSync(at('repository'), { recursive: true });
    restic('init');
    restic('backup', '--host', 'volsync', '.');
    expect(forget(former).status).toBe(ANOTHER_REPOSITORY_EXIT);
    expect(snapshots()).toHaveLength(1);
  });
});
