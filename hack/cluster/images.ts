import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './exec.ts';
import { findStaticBusybox } from './packages.ts';
import { tarOf } from './tar.ts';
import type { TarEntry } from './tar.ts';

/** The images the cluster has without any registry; use them with `imagePullPolicy: Never` or `IfNotPresent`. */
export const IMAGES = {
  pause: 'datamover.local/pause:1',
  busybox: 'datamover.local/busybox:1',
  volsyncRestic: 'datamover.local/volsync-restic:1',
} as const;

const KEEP_ARCHIVES_MS = 24 * 3_600_000;
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

interface Image {
  readonly reference: string;
  readonly layer: readonly TarEntry[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** An image as a docker-archive, and a hash of all that is in it. */
export interface ImageArchive {
  readonly reference: string;
  readonly hash: string;
  readonly path: string;
}

/**
 * Writes the archives of all images that can be made now into the cache and returns where they are.
 * @param moverEntry the script the restic image runs; without the file that image is left out
 */
export async function ensureImageArchives(
  cacheDir: string,
  resticPath: string,
  moverEntry: string,
): Promise<ImageArchive[]> {
  const busybox = findStaticBusybox();
  if (!busybox) throw new Error('no static busybox is installed; install the package busybox-static');
  const base = await busyboxLayer(busybox);
  const images: Image[] = [
    // Sleeps for ever, as the holder of a pod's namespaces must.
    { reference: IMAGES.pause, layer: base, config: { Entrypoint: ['/bin/busybox', 'sleep', '2147483647'] } },
    { reference: IMAGES.busybox, layer: base, config: { Cmd: ['sh'] } },
  ];
  if (existsSync(moverEntry)) images.push(moverImage(base, resticPath, moverEntry));
  return images.map((image) => archive(join(cacheDir, 'images'), image));
}

async function busyboxLayer(busybox: string): Promise<TarEntry[]> {
  const applets = (await run(busybox, ['--list'])).split('\n').filter((name) => name && name !== 'busybox');
  const folder = (path: string, mode = 0o755): TarEntry => ({ path, mode, folder: true });
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
    { path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, linkTo: 'busybox' })),
  ];
}

function moverImage(base: readonly TarEntry[], resticPath: string, entry: string): Image {
  const layer: TarEntry[] = [
    ...base,
    { path: 'usr/local/bin/restic', mode: 0o755, content: readFileSync(resticPath) },
    { path: 'mover-restic', mode: 0o755, folder: true },
    { path: 'mover-restic/entry.sh', mode: 0o755, content: readFileSync(entry) },
  ];
  if (existsSync(CA_BUNDLE)) {
    for (const path of ['etc/ssl', 'etc/ssl/certs']) layer.push({ path, mode: 0o755, folder: true });
    layer.push({ path: CA_BUNDLE.slice(1), mode: 0o644, content: readFileSync(CA_BUNDLE) });
  }
  return { reference: IMAGES.volsyncRestic, layer, config: { Entrypoint: ['/mover-restic/entry.sh'] } };
}

function archive(folder: string, image: Image): ImageArchive {
  const layer = tarOf(image.layer);
  const diffId = sha256(layer);
  const config = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: { Env: [PATH], WorkingDir: '/', ...image.config },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
  });
  const hash = sha256(config);
  const name = image.reference.replace(/^.*\//, '').replace(':', '-');
  const path = join(folder, `${name}-${hash.slice(0, 12)}.tar`);
  if (!existsSync(path)) {
    const manifest = [
      { Config: `${hash}.json`, RepoTags: [image.reference], Layers: [`${diffId}/layer.tar`] },
    ];
    mkdirSync(folder, { recursive: true });
    const whole = tarOf([
      { path: `${hash}.json`, mode: 0o644, content: config },
      { path: diffId, mode: 0o755, folder: true },
      { path: `${diffId}/layer.tar`, mode: 0o644, content: layer },
      { path: 'manifest.json', mode: 0o644, content: JSON.stringify(manifest) },
    ]);
    writeFileSync(`${path}.${process.pid}`, whole);
    renameSync(`${path}.${process.pid}`, path);
    removeOld(folder, name);
  }
  return { reference: image.reference, hash, path };
}

/** Archives of earlier contents; not the latest ones, which another cluster may just be importing. */
function removeOld(folder: string, name: string): void {
  for (const file of readdirSync(folder).filter((each) => each.startsWith(`${name}-`))) {
    const path = join(folder, file);
    if (Date.now() - statSync(path).mtimeMs > KEEP_ARCHIVES_MS) rmSync(path, { force: true });
  }
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
