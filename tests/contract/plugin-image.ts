import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../hack/cluster/exec.ts';
import { inChroot } from './chroot.ts';

const archive = join(import.meta.dirname, '../../dist/plugin-image.tar');

/** An unpacked image and its config. */
export interface UnpackedImage {
  readonly root: string;
  readonly config: {
    readonly User: string;
    readonly Entrypoint: string[];
    readonly Labels: Record<string, string>;
  };
}

/** Unpacks dist/plugin-image.tar below `folder`, as a container runtime would. */
export async function unpackPluginImage(folder: string): Promise<UnpackedImage> {
  if (!existsSync(archive))
    throw new Error('dist/plugin-image.tar is not there: run `make plugin-image` first');
  const parts = join(folder, 'parts');
  const root = join(folder, 'image');
  for (const each of [parts, root, join(root, 'proc')]) mkdirSync(each);
  await run('tar', ['-xf', archive, '-C', parts]);
  const read = (name: string): unknown => JSON.parse(readFileSync(join(parts, name), 'utf8'));
  const [manifest] = read('manifest.json') as [{ Config: string; Layers: string[] }];
  for (const layer of manifest.Layers) await run('tar', ['-xf', join(parts, layer), '-C', root]);
  return { root, ...(read(manifest.Config) as Pick<UnpackedImage, 'config'>) };
}

/** Runs the image's entry point in the image, as the init container does, and returns its exit status and output. */
export function runEntrypoint(
  { root, config }: UnpackedImage,
  user = config.User,
): { code: number | null; said: string } {
  const [command, ...args] = inChroot({ root, user });
  // None of our variables: a process of an image has the variables of its image.
  const env = { PATH: process.env.PATH };
  const { status, stdout, stderr } = spawnSync(command, [...args, ...config.Entrypoint], {
    env,
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr };
}
