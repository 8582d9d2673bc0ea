import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../hack/cluster/exec.ts';
import { packPackage } from '../../hack/packaging/npm-package.ts';
import { veleroVersions } from './harness-program.ts';
import { claim, veleroBackup, veleroRestore } from './objects.ts';
import { discover, inSession } from './session.ts';
import { HostError, startVeleroHost, type VeleroHost } from './velero-host.ts';

/**
 * The example of a vendor's plugin, as a vendor has it: in a clean folder, with our package installed from its archive. Velero's
 * own client code drives the result.
 */

const EXAMPLE = join(import.meta.dirname, '../../examples/vendor-plugin');
/** The files of the repository; the folder may also contain files of a local installation. */
const FILES = ['package.json', 'tsconfig.json', 'build.ts', 'src', 'test'];

const backUpKey = { kind: 'BackupItemActionV2', name: 'storage.example.com/back-up-key' };
const forgetVolume = { kind: 'RestoreItemActionV2', name: 'storage.example.com/forget-volume' };

const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);

let folder: string;
let dist: string;
let said: { typecheck: string; test: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vendor-plugin-'));
  dist = join(folder, 'dist');
  for (const file of FILES) cpSync(join(EXAMPLE, file), join(folder, file), { recursive: true });
  // npm and its scripts run with the Node.js of this process.
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`, NODE_OPTIONS: '' };
  const npm = (...args: string[]): Promise<string> => run('npm', args, { cwd: folder, env });
  await npm('install', '--prefer-offline', '--no-audit', '--no-fund', await packPackage(folder));
  said = { typecheck: await npm('run', 'typecheck'), test: await npm('test') };
  await npm('run', 'build');
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a vendor's plugin", () => {
  it('compiles against the published types, and passes its own tests', () => {
    expect(said.typecheck).not.toContain('error');
    expect(said.test).toMatch(/fail 0/);
  });

  it('is one file, which explains itself when it is not started by Velero', async () => {
    expect(readdirSync(dist)).toEqual(['velero-plugin-volume-keys']);
    const started = promisify(execFile)(join(dist, 'velero-plugin-volume-keys'));
    await expect(started).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is a plugin of Velero: build an image') as unknown,
    });
  });
});

describe.each(veleroVersions)("a vendor's plugin in Velero %s", (version) => {
  let host: VeleroHost;

  beforeAll(async () => {
    host = await startVeleroHost({ version });
  }, 600_000);

  afterAll(() => host.close());

  it('is found with its actions and no others', async () => {
    const found = await discover(host, dist);
    const actions = found.filter(({ Kind }) => Kind !== 'PluginLister');
    // Velero lists the plugins of a process in the order of a Go map, which is random.
    const sorted = actions.map(({ Kind, Name }) => ({ kind: Kind, name: Name })).sort(byName);
    expect(sorted).toEqual([backUpKey, forgetVolume]);
  });

  it('has a secret backed up along with its claim, and writes into the log of the backup', async () => {
    await inSession(host, 'key', async (session) => {
      const annotations = { 'storage.example.com/key-secret': 'data-key' };
      const item = claim('shop', 'data', { metadata: { annotations } });
      const { additionalItems } = await session.execute(backUpKey, veleroBackup(), item);
      expect(additionalItems).toEqual([
        { Group: '', Resource: 'secrets', Namespace: 'shop', Name: 'data-key' },
      ]);
      expect(session.logs()).toContainEqual(
        expect.objectContaining({
          level: 'info',
          msg: 'the key of the volume is backed up with its claim',
          secret: 'data-key',
        }),
      );
    });
  });

  it('fails an item with its own words', async () => {
    await inSession(host, 'error', async (session) => {
      const annotations = { 'storage.example.com/key-secret': '' };
      const item = claim('shop', 'data', { metadata: { annotations } });
      const call = session.execute(backUpKey, veleroBackup(), item);
      await expect(call).rejects.toThrow(HostError);
      await expect(call).rejects.toThrow(/PersistentVolumeClaim shop\/data: annotation .* is empty/);
    });
  });

  it('restores a claim without the id of its volume', async () => {
    await inSession(host, 'restore', async (session) => {
      const annotations = { 'storage.example.com/volume-id': 'v-1', note: 'kept' };
      const item = claim('shop', 'data', { metadata: { annotations } });
      const restored = await session.execute(forgetVolume, veleroRestore(), item);
      expect(restored.item.metadata.annotations).toEqual({ note: 'kept' });
    });
  });
});
