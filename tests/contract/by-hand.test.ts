import { expect, it, jest } from '@jest/globals';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { startPlugin } from '../../plugin/goplugin/host.ts';
import { claim, restoreAction, veleroRestore } from './objects.ts';
import { until } from './until.ts';
import { pluginDir, pluginPath } from './velero-host.ts';

/** The built executable without Velero: a person starts it, and a person blocks it. */

jest.setTimeout(120_000);

const env = { TMPDIR: '', LD_LIBRARY_PATH: pluginDir, PATH: process.env.PATH };

function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(pluginPath, args, { env }, (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

it('prints its name, its version and how to install it', async () => {
  const { code, stdout, stderr } = await run();
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`velero-plugin-for-datamover ${manifest.version} (Node ${process.version})`);
  expect(stderr).toContain('velero plugin add IMAGE');
});

it('tests itself over the real protocol, and leaves nothing behind', async () => {
  env.TMPDIR = mkdtempSync(join(tmpdir(), 'self-test-'));
  const { code, stdout, stderr } = await run('--self-test');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^all 11 steps passed$/m);
  expect(readdirSync(env.TMPDIR)).toEqual([]);
  rmSync(env.TMPDIR, { recursive: true });
});

it('exits if its event loop is blocked', async () => {
  const host = await startPlugin({
    command: pluginPath,
    args: [],
    env: {
      ...env,
      TMPDIR: tmpdir(),
      DATA_MOVER_PLUGIN_HANG_LIMIT: '1200ms',
      NODE_OPTIONS: '--inspect-port=0',
    },
  });
  const item = Buffer.from(JSON.stringify(claim('app', 'data')));
  const restore = Buffer.from(JSON.stringify(veleroRestore()));
  const execute = () =>
    host.call('restoreItemAction', 'Execute', {
      plugin: restoreAction.name,
      item,
      itemFromBackup: item,
      restore,
    });
  await execute();

  // No action of ours blocks; a debugger makes it block.
  process.kill(host.pid, 'SIGUSR1');
  const address = (): string | undefined => /ws:\/\/\S+/.exec(host.log.join('\n'))?.[0];
  await until(() => address() !== undefined);
  const debug = new WebSocket(address()!);
  debug.addEventListener('open', () =>
    debug.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } })),
  );
  expect(await host.ended).toBeNull();
  expect(host.log.at(-1)).toContain('its event loop was blocked for 1.2 s');
});
