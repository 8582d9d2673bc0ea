import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PLUGIN_IMAGE } from '../packaging/plugin-image.ts';
import { run } from './exec.ts';
import { archive } from './image-archive.ts';
import { rcloneProgram, staticBusybox } from './packages.ts';
import type { Image, ImageArchive } from './image-archive.ts';
import type { TarEntry } from './tar.ts';

/** The images that the cluster has without a registry; use them with `imagePullPolicy: Never` or `IfNotPresent`. */
export const IMAGES = {
  pause: 'datamover.local/pause:1',
  busybox: 'datamover.local/busybox:1',
  volsyncRestic: 'datamover.local/volsync-restic:1',
  rclone: 'datamover.local/rclone:1',
  velero: 'datamover.local/velero:1',
  veleroPluginForAws: 'datamover.local/velero-plugin-for-aws:1',
  plugin: PLUGIN_IMAGE,
} as const;

const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Writes the image archives for pods and movers to the cache and returns their paths.
 * @param moverEntry the script that the restic image runs; if the file does not exist, that image is skipped
 */
export async function ensureImageArchives(
  cacheDir: string,
  resticPath: string,
  moverEntry: string,
): Promise<ImageArchive[]> {
  const base = await busyboxLayer(staticBusybox());
  const images: Image[] = [
    // Sleeps forever, as a pause container must.
    { reference: IMAGES.pause, layer: base, config: { Entrypoint: ['/bin/busybox', 'sleep', '2147483647'] } },
    { reference: IMAGES.busybox, layer: base, config: { Cmd: ['sh'] } },
  ];
  images.push(await rcloneImage(base));
  if (existsSync(moverEntry)) images.push(moverImage(base, resticPath, moverEntry));
  return images.map((image) => archive(cacheDir, image));
}

async function busyboxLayer(busybox: string): Promise<TarEntry[]> {
  const applets = (await run(busybox, ['--list'])).split('\n').filter((name) => name && name !== 'busybox');
  return [
    ...['bin', 'dev', 'etc', 'mnt', 'proc', 'sys', 'usr', 'usr/bin', 'usr/local', 'usr/local/bin', 'var'].map(
      (path) => folder(path),
    ),
    folder('root', 0o700),
    folder('tmp', 0o1777),
    folder('var/tmp', 0o1777),
    {
      path: 'etc/passwd',
      mode: 0o644,
      content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
    },
    { path: 'etc/group', mode: 0o644, content: 'root:x:0:\nnobody:x:65534:\n' },
    { path: 'bin/busybox', mode: 0o755, from: busybox },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, linkTo: 'busybox' })),
  ];
}

function moverImage(base: readonly TarEntry[], resticPath: string, entry: string): Image {
  const layer: TarEntry[] = [
    ...base,
    { path: 'usr/local/bin/restic', mode: 0o755, from: resticPath },
    folder('mover-restic'),
    { path: 'mover-restic/entry.sh', mode: 0o755, content: readFileSync(entry) },
    ...publicAuthorities(),
  ];
  return { reference: IMAGES.volsyncRestic, layer, config: { Entrypoint: ['/mover-restic/entry.sh'] } };
}

/** Returns an image with Debian's rclone. */
async function rcloneImage(base: readonly TarEntry[]): Promise<Image> {
  const layer = [...base, ...(await programs([rcloneProgram()])), ...publicAuthorities()];
  return { reference: IMAGES.rclone, layer, config: { Entrypoint: ['rclone'] } };
}

/** Returns the entries of an image: busybox and programs of this machine. */
export async function layerWith(...paths: readonly string[]): Promise<TarEntry[]> {
  return [...(await busyboxLayer(staticBusybox())), ...(await programs(paths)), ...publicAuthorities()];
}

/** Returns programs with the machine's own libraries, which they were built for. */
async function programs(paths: readonly string[]): Promise<TarEntry[]> {
  const listings = await Promise.all(paths.map((path) => run('ldd', [path])));
  const found = listings.flatMap((text) => [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path));
  const libraries = [...new Set(found)];
  return [
    ...paths.map((path) => ({ path: `usr/local/bin/${basename(path)}`, mode: 0o755, from: path })),
    ...foldersOf(libraries).map((path) => folder(path)),
    ...libraries.map((path) => ({ path: path.slice(1), mode: 0o755, from: path })),
  ];
}

/** Returns all parent folders of the files, outer folders first. */
function foldersOf(files: readonly string[]): string[] {
  const all = files.flatMap((file) => {
    const parts = file.split('/').slice(1, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  });
  return [...new Set(all)];
}

/** Returns the certificates of public authorities, if this machine has them. */
export function publicAuthorities(): TarEntry[] {
  if (!existsSync(CA_BUNDLE)) return [];
  const bundle = { path: CA_BUNDLE.slice(1), mode: 0o644, from: CA_BUNDLE };
  return [folder('etc/ssl'), folder('etc/ssl/certs'), bundle];
}

export function folder(path: string, mode = 0o755): TarEntry {
  return { path, mode, folder: true };
}
