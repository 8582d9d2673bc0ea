/**
 * Builds dist/plugin-image.tar from dist/plugin: the image for `velero plugin add`, in the format that `docker load`, `podman
 * load` and `ctr images import` read. PLUGIN_IMAGE sets its name, PLUGIN_BASE a base image.
 */
import { createProgress } from './cluster/progress.ts';
import { ensurePluginImage } from './packaging/plugin-image.ts';

const { PLUGIN_IMAGE: reference, PLUGIN_BASE: base } = process.env;
const image = await ensurePluginImage(createProgress(process.stdout), {
  ...(reference ? { reference } : {}),
  ...(base ? { base } : {}),
});
console.log(`dist/plugin-image.tar is ${image.reference}, id ${image.hash.slice(0, 12)}`);
