import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { libcRoot } from '../../packaging/libc-root.ts';
import { ensurePluginImage } from '../../packaging/plugin-image.ts';
import { archive, entriesBelow } from '../image-archive.ts';
import { IMAGES, folder, publicAuthorities } from '../images.ts';
import { staticBusybox } from '../packages.ts';
import { stepsAsNotes } from '../progress.ts';
import type { Context } from '../component.ts';
import type { Image, ImageArchive } from '../image-archive.ts';
import type { Note } from '../progress.ts';

/** The images of Velero, its object store plugin, and our plugin if it is built. */
export interface VeleroImages {
  readonly velero: ImageArchive;
  readonly plugins: readonly ImageArchive[];
  /** Why our plugin is missing. */
  readonly missing?: string;
}

export async function veleroImages({ config, program }: Context, note: Note): Promise<VeleroImages> {
  const velero = archive(config.cacheDir, await veleroImage(program('velero')));
  const aws = archive(config.cacheDir, awsImage(program('velero-plugin-for-aws')));
  const built = join(config.checkout, 'dist/plugin');
  if (!existsSync(built))
    return { velero, plugins: [aws], missing: `without our plugin: there is no ${built}` };
  return { velero, plugins: [aws, await ensurePluginImage(stepsAsNotes(note))] };
}

/** Returns an image like Velero's own: libc, certificates and a static program; no shell, no Node, no libstdc++. */
async function veleroImage(program: string): Promise<Image> {
  return {
    reference: IMAGES.velero,
    layer: [
      ...entriesBelow(await libcRoot()),
      ...['dev', 'etc', 'home', 'home/cnb', 'proc', 'sys'].map((path) => folder(path)),
      folder('tmp', 0o1777),
      ...publicAuthorities(),
      { path: 'etc/passwd', mode: 0o644, content: 'cnb:x:1002:1000:cnb:/home/cnb:/sbin/nologin\n' },
      { path: 'etc/group', mode: 0o644, content: 'cnb:x:1000:\n' },
      { path: 'velero', mode: 0o755, from: program },
    ],
    config: { User: '1002:1000' },
  };
}

/** Returns an init container image that copies its plugin to /target, as the published one does. */
function awsImage(program: string): Image {
  const plugin = 'plugins/velero-plugin-for-aws';
  return {
    reference: IMAGES.veleroPluginForAws,
    layer: [
      folder('bin'),
      { path: 'bin/cp', mode: 0o755, from: staticBusybox() },
      folder('plugins'),
      { path: plugin, mode: 0o755, from: program },
    ],
    config: { User: '65532:65532', Entrypoint: ['/bin/cp', `/${plugin}`, '/target/'] },
  };
}
