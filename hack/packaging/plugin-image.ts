import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../cluster/exec.ts';
import type { ImageArchive } from '../cluster/image-archive.ts';
import { withLock } from '../cluster/lock.ts';
import { BUILDAH, ensurePackages } from '../cluster/packages.ts';
import type { Progress } from '../cluster/progress.ts';
import { sourcesStamp } from '../cluster/sources.ts';
import { debianFiles, NoDebianError } from './debian-packages.ts';
import { libcRoot } from './libc-root.ts';

export interface PluginImageOptions {
  /** The image's name. Default: PLUGIN_IMAGE. */
  readonly reference?: string;
  /** The base image. Default: none; libc comes from Debian 11. */
  readonly base?: string;
}

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
const dist = join(checkout, 'dist');
const containerfile = join(checkout, 'config/plugin/Containerfile');
const archive = join(dist, 'plugin-image.tar');
const stampFile = join(dist, '.plugin-build/image-stamp');
/** The files that the Containerfile copies to `/`. */
const imageRoot = join(dist, 'plugin-image-root');

/** The default name of the image, which exists in no registry. */
export const PLUGIN_IMAGE = `datamover.local/velero-plugin-for-datamover:${version}`;

/**
 * Builds the image for `velero plugin add` from dist/plugin, unless dist/plugin-image.tar is already that image. The image is a
 * docker-archive that is byte-identical for the same contents; `hash` is the digest of its config.
 * @throws Error if dist/plugin is not built
 */
export async function ensurePluginImage(
  progress: Progress,
  options: PluginImageOptions = {},
): Promise<ImageArchive> {
  if (!existsSync(join(dist, 'plugin')))
    throw new Error('dist/plugin does not exist: run `make plugin` first');
  const reference = options.reference ?? PLUGIN_IMAGE;
  const inputs = contentHash([reference, options.base ?? '', version]);
  return await withLock(
    archive,
    () => undefined,
    async () => {
      if (!isUpToDate(inputs)) {
        await ensurePackages(progress, [BUILDAH], "the plugin's image cannot be built here");
        rmSync(stampFile, { force: true });
        await progress.step("build the plugin's image", async () => {
          await layImageRoot(options.base);
          await build(reference, options.base);
        });
        writeFileSync(stampFile, inputs);
      }
      return { reference, hash: await configHash(), path: archive };
    },
  );
}

function isUpToDate(inputs: string): boolean {
  return existsSync(archive) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === inputs;
}

function contentHash(settings: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  hash.update(sourcesStamp([containerfile, import.meta.dirname]));
  const plugin = join(dist, 'plugin');
  for (const name of readdirSync(plugin).sort()) hash.update(name).update(readFileSync(join(plugin, name)));
  return hash.digest('hex');
}

/** Copies libc, if there is no base image, and the licences of all shipped files. */
async function layImageRoot(base: string | undefined): Promise<void> {
  rmSync(imageRoot, { recursive: true, force: true });
  mkdirSync(imageRoot, { recursive: true });
  const copy = (from: string, to: string): void => {
    mkdirSync(dirname(join(imageRoot, to)), { recursive: true });
    cpSync(from, join(imageRoot, to), { recursive: true, verbatimSymlinks: true });
  };
  copy(join(checkout, 'LICENSE'), 'licenses/LICENSE');
  try {
    const copyright = 'usr/share/doc/gcc-10-base/copyright';
    copy(join(await debianFiles('gcc-10-base'), copyright), copyright);
    if (!base) copy(await libcRoot(), '.');
  } catch (error) {
    if (!(error instanceof NoDebianError)) throw error;
    if (!base) {
      throw new Error(`${error.message}; name an image with glibc instead: PLUGIN_BASE=<image>`, {
        cause: error,
      });
    }
  }
}

/** Builds straight into the archive, so that nothing remains in buildah's store. */
async function build(reference: string, base: string | undefined): Promise<void> {
  const store = join(dist, '.plugin-build/buildah');
  const fresh = `${archive}.new`;
  rmSync(fresh, { force: true });
  // vfs and chroot need neither overlay mounts nor namespaces, so the build also works inside a container.
  const storage = ['--storage-driver', 'vfs', '--root', join(store, 'root'), '--runroot', join(store, 'run')];
  const settings = [`VERSION=${version}`, ...(base ? [`BASE=${base}`] : [])];
  try {
    await run('buildah', [
      ...[...storage, 'build', '--isolation', 'chroot', '--layers=false', '--timestamp', '0'],
      ...settings.flatMap((setting) => ['--build-arg', setting]),
      ...['--file', containerfile, '--tag', `docker-archive:${fresh}:${reference}`, dist],
    ]);
    renameSync(fresh, archive);
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

async function configHash(): Promise<string> {
  const [manifest] = JSON.parse(await run('tar', ['-xOf', archive, 'manifest.json'])) as { Config: string }[];
  if (manifest === undefined) throw new Error(`${archive} holds no image`);
  return manifest.Config.replace(/\.json$/, '');
}
