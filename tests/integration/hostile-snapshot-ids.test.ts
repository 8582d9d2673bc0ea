import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseResticConfig } from '../../movers/restic/config.ts';
import { RESTORE_SCRIPT } from '../../movers/restic-repository/transfer/restore-script.ts';
import { desiredRepositoryJob } from '../../movers/restic-repository/job/repository-job.ts';
import { rootArgument } from '../../movers/restic-repository/transfer/root-folder.ts';
import { forgetTask } from '../../movers/restic-repository/maintenance/maintenance-tasks.ts';
import { verificationScript } from '../../movers/restic-repository/verification/script.ts';
import { resticBin } from './restic-bin.ts';

/**
 * The controller rejects ids that restic would not accept. If one ever passed, each script would still give it to restic as an id
 * and never as an option; a real restic proves it.
 */

const PASSWORD = 'the-password-of-all-tenants';

let folder: string;
let env: NodeJS.ProcessEnv;

const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  const bin = await resticBin();
  folder = mkdtempSync(join(tmpdir(), 'ids-'));
  for (const name of ['volume', 'scratch']) mkdirSync(at(name));
  writeFileSync(at('volume', 'file'), 'precious');
  env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    RESTIC_REPOSITORY: at('repository'),
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: at('scratch', 'cache'),
    HOME: at('scratch'),
  };
  execFileSync('restic', ['init'], { env, stdio: 'ignore' });
  execFileSync('restic', ['backup', '--host', 'volsync', '.'], { env, cwd: at('volume'), stdio: 'ignore' });
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface JobSpec {
  template: { spec: { containers: { command: string[]; args: string[] }[] } };
}

/** Returns the command of the container of a delete. */
function forgetCommand(id: string): string[] {
  const target = { kind: 'delete' as const, name: 'dmd-1', labels: {}, annotations: {} };
  const config = parseResticConfig({});
  if ('problem' in config) throw new Error(config.problem);
  const { args, script = '' } = forgetTask({ ...config, snapshotID: id });
  const command = { program: 'restic' as const, image: 'restic', args, script, secretKeys: [] };
  const spec = desiredRepositoryJob(target, { namespace: 'velero' }, command).spec as unknown as JobSpec;
  const [container] = spec.template.spec.containers;
  return [...(container?.command ?? []), ...(container?.args ?? [])];
}

const verify = verificationScript({ kind: 'backup', level: 'Data', isLive: false });

const SCRIPTS: readonly [string, (id: string) => string[]][] = [
  [
    'a restore',
    (id) => [
      'bash',
      '-c',
      RESTORE_SCRIPT.replaceAll('/data', at('volume')),
      'restic',
      id,
      rootArgument(undefined),
    ],
  ],
  ['a verification', (id) => ['bash', '-c', verify, 'restic', id, at('volume')]],
  ['a removal', forgetCommand],
];

describe.each(SCRIPTS)('%s', (_, command) => {
  it.each([
    '--password-command=sh -c env>&2',
    '--password-command=touch pwned',
    '--password-file=/proc/self/environ',
    '--help',
    '--version',
    '-o',
    '--',
  ])('treats %s as a snapshot id that does not exist', (id) => {
    const [program = '', ...args] = command(id);
    const { stdout, stderr, status } = spawnSync(program, args, {
      env,
      cwd: at('scratch'),
      encoding: 'utf8',
    });
    const output = `${stdout}${stderr}`;
    expect(output).not.toContain(PASSWORD);
    expect(output).not.toMatch(/Usage:|restic \d/);
    expect(output).toMatch(/no matching ID found|no snapshot found/);
    expect(existsSync(at('scratch', 'pwned'))).toBe(false);
    expect(readdirSync(at('repository', 'snapshots'))).toHaveLength(1);
    expect(readdirSync(at('volume'))).toEqual(['file']);
    // restic forget succeeds if the snapshot does not exist.
    expect(status === 0).toBe(args.includes('forget'));
  });
});
