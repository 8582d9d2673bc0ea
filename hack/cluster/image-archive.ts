import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarOf } from './tar.ts';
import type { TarEntry } from './tar.ts';

const KEEP_ARCHIVES_MS = 24 * 3_600_000;
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

/** The contents of an image with one layer. */
export interface Image {
  readonly reference: string;
  readonly layer: readonly TarEntry[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** An image as a docker-archive, and a hash of its contents. */
export interface ImageArchive {
  readonly reference: string;
  readonly hash: string;
  readonly path: string;
}

/** Writes the archive to the cache, unless the cache already has one with the same files. */
export function archive(cacheDir: string, image: Image): ImageArchive {
  const { reference } = image;
  const folder = join(cacheDir, 'images');
  const name = reference.replace(/^.*\//, '').replace(':', '-');
  const hash = stampOf(image);
  const path = join(folder, `${name}-${hash.slice(0, 12)}.tar`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, dockerArchive(image));
    renameSync(`${path}.${process.pid}`, path);
    removeOld(folder, name);
  }
  return { reference, hash, path };
}

/** Does not read large files: they count as changed if their size or time differs. */
function stampOf({ layer, ...rest }: Image): string {
  const entries = layer.map((entry) => {
    if ('from' in entry) {
      const { size, mtimeMs } = statSync(entry.from);
      return { ...entry, size, mtimeMs };
    }
    return 'content' in entry ? { ...entry, content: sha256(entry.content) } : entry;
  });
  return sha256(JSON.stringify([process.arch, rest, entries]));
}

function dockerArchive(image: Image): Buffer {
  const layer = tarOf(image.layer);
  const diffId = sha256(layer);
  const config = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: { Env: [PATH], WorkingDir: '/', ...image.config },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
  });
  const configFile = `${sha256(config)}.json`;
  const layerFile = `${diffId}/layer.tar`;
  const manifest = [{ Config: configFile, RepoTags: [image.reference], Layers: [layerFile] }];
  return tarOf([
    { path: configFile, mode: 0o644, content: config },
    { path: diffId, mode: 0o755, folder: true },
    { path: layerFile, mode: 0o644, content: layer },
    { path: 'manifest.json', mode: 0o644, content: JSON.stringify(manifest) },
  ]);
}

/** Returns all files in a folder of this machine, with their paths relative to the image's root. */
export function entriesBelow(folder: string): TarEntry[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => {
    const from = join(folder, path);
    const stat = lstatSync(from);
    if (stat.isSymbolicLink()) return { path, linkTo: readlinkSync(from) };
    const mode = stat.mode & 0o7777;
    return stat.isDirectory() ? { path, mode, folder: true } : { path, mode, from };
  });
}

/** Removes archives of earlier contents, except recent ones, which another cluster may be importing. */
function removeOld(folder: string, name: string): void {
  for (const file of readdirSync(folder).filter((each) => each.startsWith(`${name}-`))) {
    const path = join(folder, file);
    if (Date.now() - statSync(path).mtimeMs > KEEP_ARCHIVES_MS) rmSync(path, { force: true });
  }
}

export function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
