/**
 * dist/plugin → dist/plugin-image.tar: the image that `velero plugin add` takes, as `docker load`, `podman load` and
 * `ctr images import` read it. PLUGIN_IMAGE names it, PLUGIN_BASE is an image to build upon.
 */
import { createProgress } from './cluster/progress.ts';
import { ensurePluginImage } from './packaging/plugin-image.ts';

const { PLUGIN_IMAGE: reference, PLUGIN_BASE: base } = process.env;
const image = await ensurePluginImage(createProgress(process.stdout), {
  ...(reference ? { reference } : {}),
  ...(base ? { base } : {}),
});
console.log(`dist/plugin-image.tar is ${image.reference}, id ${image.hash.slice(0, 12)}`);
