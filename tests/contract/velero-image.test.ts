import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inChroot } from './chroot.ts';
import { claim, restoreAction, veleroRestore } from './objects.ts';
import { runEntrypoint, unpackPluginImage, type UnpackedImage } from './plugin-image.ts';
import { discover, inSession } from './session.ts';
import { startVeleroHost } from './velero-host.ts';
import { VELERO_USER, makeVeleroRoot, modesIn, onlyChildOf, programsIn } from './velero-root.ts';

/**
 * Copies the plugin into Velero's own image as an init container does: out of its image and into a root folder with nothing more
 * than Velero's and the oldest supported libc. Velero's client code runs in there, too.
 */

const EXECUTABLE = '/plugins/velero-plugin-for-datamover';
const INSTALLED = {
  'velero-plugin-for-datamover': '755',
  'libstdc++.so.6': '644',
  'libgcc_s.so.1': '644',
};

/** The libraries of libc have its version in their names. */
const LOADED = [
  ...['ld', 'libc', 'libdl', 'libm', 'libpthread'].map((name) =>
    expect.stringMatching(`^/lib/.+/${name}-2\\.31\\.so$`),
  ),
  '/plugins/libgcc_s.so.1',
  '/plugins/libstdc++.so.6',
];

let work: string;
let image: UnpackedImage;
let veleroRoot: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'plugin-image-'));
  chmodSync(work, 0o755);
  image = await unpackPluginImage(work);
  veleroRoot = await makeVeleroRoot();
}, 600_000);

afterAll(() => {
  for (const folder of [work, veleroRoot]) rmSync(folder, { recursive: true, force: true });
});

/** Creates the volume that Velero's pod shares with its init containers; everyone may write to it. */
function mountTarget(mode = 0o777): string {
  const target = join(image.root, 'target');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  chmodSync(target, mode);
  return target;
}

describe('the image', () => {
  it('has one program, no shell, and names itself', () => {
    expect(programsIn(image.root)).toEqual([EXECUTABLE]);
    expect(image.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'velero-plugin-for-datamover',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
  });

  it('copies the plugin to /target as any user, and replaces existing files', () => {
    const target = mountTarget();
    const arbitraryUserOfOpenShift = '1000620000:0';
    for (const user of [image.config.User, VELERO_USER, arbitraryUserOfOpenShift]) {
      expect(runEntrypoint(image, user)).toMatchObject({ code: 0 });
      expect(modesIn(target)).toEqual(INSTALLED);
    }
  });

  it('fails if /target is missing or not writable, and names it', () => {
    mountTarget(0o755);
    const denied = runEntrypoint(image);
    expect(denied).toMatchObject({ code: 1, said: expect.stringMatching(/cannot write \/target\/.*EACCES/) });
    rmSync(join(image.root, 'target'), { recursive: true });
    expect(runEntrypoint(image)).toMatchObject({
      code: 1,
      said: expect.stringContaining('/target is not a folder'),
    });
  });
});

describe("a root folder like that of Velero's image", () => {
  beforeAll(() => {
    const target = mountTarget();
    runEntrypoint(image);
    rmSync(join(veleroRoot, 'plugins'), { recursive: true });
    renameSync(target, join(veleroRoot, 'plugins'));
  });

  it('has nothing to run but Velero and the plugin', () => {
    expect(programsIn(veleroRoot)).toEqual([EXECUTABLE, '/velero']);
    expect(modesIn(join(veleroRoot, 'plugins'))).toEqual(INSTALLED);
  });

  it.each([
    ['with LD_LIBRARY_PATH=/plugins', '/plugins', true],
    ['without LD_LIBRARY_PATH', undefined, true],
    ['with LD_LIBRARY_PATH=/plugins, without /proc', '/plugins', false],
  ])('is enough for it on glibc 2.31, %s', async (_how, libraryPath, withProc) => {
    const host = await startVeleroHost({
      env: { LD_LIBRARY_PATH: libraryPath, TMPDIR: undefined },
      start: () => [...inChroot({ root: veleroRoot, user: VELERO_USER, withProc }), '/velero'],
    });
    try {
      const found = await discover(host, '/plugins');
      expect(new Set(found.map(({ Command }) => Command))).toEqual(new Set([EXECUTABLE]));
      await inSession(host, 'root', async (session) => {
        const item = claim('app', 'data');
        expect((await session.execute(restoreAction, veleroRestore(), item)).item).toEqual(item);
        const plugin = onlyChildOf(host.pid, veleroRoot);
        expect(plugin).toEqual({
          executable: EXECUTABLE,
          user: VELERO_USER,
          libraryPath,
          libraries: LOADED,
        });
      });
    } finally {
      await host.close();
    }
    expect(readdirSync(join(veleroRoot, 'tmp'))).toEqual([]);
  });
});
