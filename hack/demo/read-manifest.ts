import { APP, inPod } from './app.ts';
import { manifestScript, parseManifest } from '../../testing/manifest/manifest.ts';
import type { Cluster } from '../cluster/index.ts';
import type { Manifest } from '../../testing/manifest/manifest.ts';

/** Computes the manifest of the volume inside the application's pod. */
export async function readManifest(cluster: Cluster): Promise<Manifest> {
  return parseManifest(await inPod(cluster, manifestScript(APP.mount)));
}
